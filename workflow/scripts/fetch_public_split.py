"""Fetch the files of a public split at its commit, and write the list of its images."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.splits.published_lists import fetch_files, read_published

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        folder = fetch_files(params.entry, params.server, Path(params.files))
        write_table(snakemake.output[0], read_published(params.entry, folder))


if __name__ == "__main__":
    main(snakemake)
