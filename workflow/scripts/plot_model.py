"""Plot a model: its groups of layers and their parameters."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.logs import job
from lesionflow.report.figures.model import model
from lesionflow.training.backbones import new_classifier

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        # The figure does not depend on the weights.
        classifier = new_classifier(params.backbone | {"weights": "none"}, len(params.classes), None, seed=0)
        with atomic_write(snakemake.output[0]) as path:
            model(path, classifier, snakemake.wildcards.backbone, params.size)


if __name__ == "__main__":
    main(snakemake)
