"""Write all splits of a run into one table."""

from typing import TYPE_CHECKING

from lesionflow.lists import read_manifest, read_parts, write_table
from lesionflow.logs import job
from lesionflow.splits.published_splits import published_splits

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        splits = {name: read_parts(path) for name, path in zip(params.columns, inputs.splits, strict=True)}
        write_table(snakemake.output[0], published_splits(read_manifest(inputs.manifest), splits))


if __name__ == "__main__":
    main(snakemake)
