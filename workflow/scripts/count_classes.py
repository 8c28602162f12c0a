"""Count the images a class of one split and its datasets."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.counts import class_counts
from lesionflow.files import job, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        names = {"image": str, "neighbour": str}
        training = [pd.read_csv(path, dtype=names) for path in inputs.training]
        counts = class_counts(
            pd.read_csv(inputs.manifest, usecols=["image", "label"], dtype=names),
            pd.read_csv(inputs.split, dtype=names),
            dict(zip(params.datasets, training, strict=True)),
            params.classes,
        )
        counts.insert(0, "protocol", wildcards.protocol)
        counts.insert(1, "seed", int(wildcards.seed))
        write_table(snakemake.output[0], counts)


if __name__ == "__main__":
    main(snakemake)
