"""Draw how many images go from one step of preparing the data to the next."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.data_figures import preparation
from lesionflow.files import job, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        files = sum(len(pd.read_csv(table)) for table in inputs.packed)
        split = pd.read_csv(inputs.split, dtype={"image": str}).groupby("part")["image"].agg(set)
        copied = len(split["train"] & split["test"])
        names = [wildcards.protocol, f"seed {wildcards.seed}"]
        with whole(snakemake.output[0]) as path:
            preparation(path, files, params.size, pd.read_csv(inputs.counts), copied, names, params.leaky)


if __name__ == "__main__":
    main(snakemake)
