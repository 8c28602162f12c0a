"""Draw how many images go from one step of preparing the data to the next."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_counts, read_packed, read_parts
from lesionflow.logs import job
from lesionflow.report.figures.data import preparation

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        files = sum(len(read_packed(table)) for table in inputs.packed)
        split = read_parts(inputs.split).groupby("part")["image"].agg(set)
        copied = len(split["train"] & split["test"])
        names = [wildcards.protocol, f"seed {wildcards.seed}"]
        with atomic_write(snakemake.output[0]) as path:
            preparation(path, files, params.size, read_counts(inputs.counts), copied, names, params.leaky)


if __name__ == "__main__":
    main(snakemake)
