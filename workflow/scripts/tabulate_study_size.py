"""Write and print what a study can detect, from labels and metadata alone."""

import sys
from typing import TYPE_CHECKING

from lesionflow.data.labels_and_metadata import describe_images, read_labels
from lesionflow.logs import job
from lesionflow.report.tables.study_size import study_size_table
from lesionflow.splits.study_size import study_size

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        labels = describe_images(
            read_labels(inputs.labels, params.classes, params.ignore_classes), inputs.metadata or None
        )
        size = study_size(labels, params.classes, params.test)
        table = study_size_table(size, params.test, params.margin)
        table.write(*snakemake.output)
        print(table.markdown(), file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
