"""Count the images per class of one split and its datasets."""

from typing import TYPE_CHECKING

from lesionflow.balancing.class_counts import class_counts
from lesionflow.lists import read_manifest, read_parts, read_training, write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        training = [read_training(path) for path in inputs.training]
        counts = class_counts(
            read_manifest(inputs.manifest),
            read_parts(inputs.split),
            dict(zip(params.datasets, training, strict=True)),
            params.classes,
        )
        counts.insert(0, "protocol", wildcards.protocol)
        counts.insert(1, "seed", int(wildcards.seed))
        write_table(snakemake.output[0], counts)


if __name__ == "__main__":
    main(snakemake)
