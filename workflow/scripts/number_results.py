"""Copy the results that the thesis has too to its numbers, and write the index of all of its numbers."""

import shutil
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import atomic_write, write_text
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.thesis import index_markdown

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

COLUMNS = ["name", "shows", "protocol", "seed", "backbone", "file", "needs"]


def main(snakemake: "Snakemake") -> None:
    inputs, output = snakemake.input, snakemake.output
    with job(snakemake.log[0]):
        for source, copy in zip(inputs, output.files, strict=True):
            with atomic_write(copy) as path:
                shutil.copyfile(source, path)
        index = pd.DataFrame(snakemake.params.results, dtype=object).reindex(columns=COLUMNS).fillna("")
        write_table(output.csv, index)
        write_text(output.md, index_markdown(index))


if __name__ == "__main__":
    main(snakemake)
