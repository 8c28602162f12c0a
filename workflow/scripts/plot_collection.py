"""Plot the thesis' figures of a whole collection: samples, resolutions, classes."""

from typing import TYPE_CHECKING

from lesionflow.data.store import open_store
from lesionflow.files import atomic_write
from lesionflow.logs import job
from lesionflow.report.figures.data import collection_classes, resolutions, sample_images

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, classes = snakemake.input, snakemake.output, snakemake.params.classes
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        samples = store.manifest.groupby("label")["image"].first()[classes]
        with atomic_write(output.samples) as path:
            sample_images(path, store.read(store.positions(samples)), classes, snakemake.params.class_names)
        with atomic_write(output.resolutions) as path:
            resolutions(path, store.manifest)
        with atomic_write(output.classes) as path:
            collection_classes(path, store.manifest["label"], classes)


if __name__ == "__main__":
    main(snakemake)
