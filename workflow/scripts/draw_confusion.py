"""Draw the confusion matrices of the models that differ in the dataset only."""

from typing import TYPE_CHECKING

from lesionflow.figures import confusion_matrices
from lesionflow.files import job, read_json, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        cards = [read_json(path) for path in snakemake.input.cards]
        matrices = [read_json(path)["test"]["confusion_matrix"] for path in snakemake.input.metrics]
        with whole(snakemake.output[0]) as path:
            confusion_matrices(path, cards, matrices, snakemake.params.leaky)


if __name__ == "__main__":
    main(snakemake)
