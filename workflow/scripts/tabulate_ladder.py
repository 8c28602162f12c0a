"""Tabulate what each rung of the ladder claims, and what is true of it."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import read_json, write_text
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.tables.ladder import html, markdown

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    output = snakemake.output
    with job(snakemake.log[0]):
        table = pd.DataFrame([read_json(path) for path in snakemake.input])
        write_table(output.csv, table)
        write_text(output.md, markdown(table))
        write_text(output.html, html(table).to_html(doctype_html=True))


if __name__ == "__main__":
    main(snakemake)
