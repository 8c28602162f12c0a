"""Plot which groups of layers each stage trains."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.logs import job
from lesionflow.report.figures.model import stage_counts, stages
from lesionflow.training.backbones import new_classifier

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params, wildcards = snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        # The figure does not depend on the weights.
        classifier = new_classifier(params.backbone | {"weights": "none"}, len(params.classes), None, seed=0)
        counts = stage_counts(classifier, params.backbone["unfreeze"], params.freeze_head_norm)
        with atomic_write(snakemake.output[0]) as path:
            stages(path, counts, params.transfer, wildcards.backbone, wildcards.protocol, params.leaky)


if __name__ == "__main__":
    main(snakemake)
