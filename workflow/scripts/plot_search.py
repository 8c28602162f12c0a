"""Plot validation accuracy and loss per epoch of every trial of a search."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_trials
from lesionflow.logs import job
from lesionflow.report.figures.search import search_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]), atomic_write(snakemake.output[0]) as path:
        search_curves(path, read_json(inputs.winner), read_trials(inputs.trials), params.leaky, params.number)


if __name__ == "__main__":
    main(snakemake)
