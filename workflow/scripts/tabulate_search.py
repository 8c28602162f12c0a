"""Tabulate the lowest validation loss of every trial of the searches."""

from typing import TYPE_CHECKING

from lesionflow.files import read_json, write_text
from lesionflow.lists import read_trials, write_table
from lesionflow.logs import job
from lesionflow.report.tables.search import html, markdown, search_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output = snakemake.input, snakemake.output
    with job(snakemake.log[0]):
        winners = [read_json(path) for path in inputs.winners]
        trials = [read_trials(path) for path in inputs.trials]
        table = search_table(winners, trials, snakemake.params.leaky, snakemake.params.pretrained_on)
        write_table(output.csv, table)
        write_text(output.md, markdown(table))
        write_text(output.html, html(table).to_html(doctype_html=True))


if __name__ == "__main__":
    main(snakemake)
