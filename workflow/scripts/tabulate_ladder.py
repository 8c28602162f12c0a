"""Tabulate what each rung of the ladder claims, and what holds on clean images."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import read_json
from lesionflow.logs import job
from lesionflow.report.tables.ladder import ladder_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        ladder_table(pd.DataFrame([read_json(path) for path in snakemake.input])).write(*snakemake.output)


if __name__ == "__main__":
    main(snakemake)
