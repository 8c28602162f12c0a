"""Tabulate the lowest validation loss of every trial of the searches."""

from typing import TYPE_CHECKING

from lesionflow.files import read_json
from lesionflow.lists import read_trials
from lesionflow.logs import job
from lesionflow.report.tables.search import search_table, searches

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        winners, trials = map(read_json, inputs.winners), map(read_trials, inputs.trials)
        table = searches([*winners], [*trials], snakemake.params.leaky, snakemake.params.pretrained_on)
        search_table(table).write(*snakemake.output)


if __name__ == "__main__":
    main(snakemake)
