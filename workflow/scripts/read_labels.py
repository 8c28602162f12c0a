"""Read labels and patient data, and check them before anything costs time."""

from typing import TYPE_CHECKING

from lesionflow import manifest
from lesionflow.files import job, write_table
from lesionflow.images import Images

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        files = Images(snakemake.input.images).files
        labels = manifest.read_labels(snakemake.input.labels, params.classes, params.ignore_classes, files)
        manifest.check_images(labels, files, params.on_missing_image)
        metadata = snakemake.input.metadata or None
        described = manifest.describe_images(labels, metadata, params.archive_without_lesion)
        write_table(snakemake.output[0], described)


if __name__ == "__main__":
    main(snakemake)
