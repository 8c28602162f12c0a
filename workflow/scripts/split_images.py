"""Draw the parts of a protocol."""

from typing import TYPE_CHECKING

from lesionflow.lists import read_manifest, write_table
from lesionflow.logs import job
from lesionflow.splits.methods import draw_parts

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        manifest = read_manifest(snakemake.input[0])
        split = draw_parts(manifest, int(snakemake.wildcards.seed), **snakemake.params.split)
        write_table(snakemake.output[0], split)


if __name__ == "__main__":
    main(snakemake)
