"""Read and check labels and patient data before expensive steps."""

from typing import TYPE_CHECKING

from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images
from lesionflow.data.layout import Layout
from lesionflow.data.manifest import check_images
from lesionflow.lists import write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        images, layout = RawImages(snakemake.input.images), Layout(**params.layout)
        table, metadata = snakemake.input.labels or None, snakemake.input.metadata or None
        labels = collection_labels(images, table, metadata, params.classes, params.ignore_classes, layout)
        check_images(labels, images.files, params.on_missing_image, images.unread)
        described = describe_images(labels, metadata, params.archive_without_lesion, layout)
        write_table(snakemake.output[0], described)


if __name__ == "__main__":
    main(snakemake)
