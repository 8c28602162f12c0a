"""Plot learning curves and confusion matrices, stage by stage, of models that differ in the dataset only."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_history
from lesionflow.logs import job
from lesionflow.report.figures.training import confusion_matrices, training_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        cards = [read_json(path) for path in inputs.cards]
        models = list(zip(cards, inputs.histories, inputs.metrics, strict=True))
        for curves, confusion, stage in zip(output.curves, output.confusion, params.curves, strict=True):
            own, histories, metrics = zip(*(m for m in models if int(m[0]["stage"]) == stage), strict=True)
            matrices = [read_json(path)["test"]["confusion_matrix"] for path in metrics]
            with atomic_write(curves) as path:
                training_curves(path, own, [*map(read_history, histories)], params.leaky, params.curves[stage])
            with atomic_write(confusion) as path:
                confusion_matrices(path, own, matrices, params.leaky, params.confusion[stage])


if __name__ == "__main__":
    main(snakemake)
