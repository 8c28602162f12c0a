"""Draw the parts of a rung of the ladder."""

from typing import TYPE_CHECKING

from lesionflow.lists import read_manifest, write_table
from lesionflow.logs import job
from lesionflow.splits.ladder import split_rung
from lesionflow.splits.methods import as_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params, wildcards = snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        manifest = read_manifest(snakemake.input[0])
        part = split_rung(
            manifest,
            int(wildcards.seed),
            wildcards.protocol.removeprefix("ladder_"),
            params.rungs,
            params.archive,
            **{key: value for key, value in params.split.items() if key != "method"},
        )
        write_table(snakemake.output[0], as_table(part))


if __name__ == "__main__":
    main(snakemake)
