"""Plot the balanced accuracy of all models."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_results
from lesionflow.logs import job
from lesionflow.report.figures.results import results

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        table, params = read_results(snakemake.input[0]), snakemake.params
        with atomic_write(snakemake.output[0]) as path:
            results(path, table, snakemake.wildcards.collection, len(params.classes))


if __name__ == "__main__":
    main(snakemake)
