"""Plot the comparisons of models."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_comparisons
from lesionflow.logs import job
from lesionflow.report.figures.comparisons import comparisons

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]), atomic_write(snakemake.output[0]) as path:
        comparisons(path, read_comparisons(snakemake.input[0]), snakemake.params.margin)


if __name__ == "__main__":
    main(snakemake)
