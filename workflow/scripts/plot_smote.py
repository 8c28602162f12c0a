"""Plot the synthetic images of a training list: counted, with their parents, in a plane, three per class."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.data.store import open_store
from lesionflow.files import atomic_write
from lesionflow.lists import read_counts, read_training
from lesionflow.logs import job
from lesionflow.report.figures.smote import plot_pictures, smote_classes

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params, wildcards = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    of = {"split": {"protocol": wildcards.protocol, "seed": wildcards.seed}, "leaky": params.leaky}
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        training = read_training(inputs.training[0])
        counts = read_counts(inputs.counts)
        training["label"] = pd.Categorical(training["label"], categories=counts["class"])  # in the config's order
        with atomic_write(output.classes) as path:
            smote_classes(path, counts, params.datasets[0], **of)
        with (
            atomic_write(output.examples) as examples,
            atomic_write(output.plane) as plane,
            atomic_write(output.images) as images,
        ):
            plot_pictures([examples, plane, images], store, training, **of)


if __name__ == "__main__":
    main(snakemake)
