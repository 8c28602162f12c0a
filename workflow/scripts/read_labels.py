"""Read and check labels and patient data before expensive steps."""

from typing import TYPE_CHECKING

from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import describe_images, read_labels
from lesionflow.data.manifest import check_images
from lesionflow.lists import write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        images = RawImages(snakemake.input.images)
        labels = read_labels(snakemake.input.labels, params.classes, params.ignore_classes, images.files)
        check_images(labels, images.files, params.on_missing_image, images.unread)
        metadata = snakemake.input.metadata or None
        described = describe_images(labels, metadata, params.archive_without_lesion)
        write_table(snakemake.output[0], described)


if __name__ == "__main__":
    main(snakemake)
