"""Write and print what a study can detect, from labels and metadata alone."""

import sys
from typing import TYPE_CHECKING

from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images
from lesionflow.data.layout import Layout
from lesionflow.logs import job
from lesionflow.report.tables.study_size import study_size_table
from lesionflow.splits.study_size import study_size

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        images, layout = RawImages(inputs.images) if inputs.images else None, Layout(**params.layout)
        table, metadata = inputs.labels or None, inputs.metadata or None
        labels = collection_labels(images, table, metadata, params.classes, params.ignore_classes, layout)
        described = describe_images(labels, metadata, layout=layout)
        size = study_size(described, params.classes, params.test, params.group_by)
        shown = study_size_table(size, params.test, params.margin)
        shown.write(*snakemake.output)
        print(shown.markdown(), file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
