"""List the shards of a store with the SHA-256 of their tables, which in turn list those of the images."""

from typing import TYPE_CHECKING

from lesionflow.data.shards import index_shards
from lesionflow.files import write_json
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        write_json(snakemake.output[0], index_shards(list(snakemake.input.tables)))


if __name__ == "__main__":
    main(snakemake)
