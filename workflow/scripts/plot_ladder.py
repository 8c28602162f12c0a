"""Plot what each rung of the ladder claims, and what is true of it."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_ladder
from lesionflow.logs import job
from lesionflow.report.figures.ladder import ladder

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        table, params = read_ladder(snakemake.input[0]), snakemake.params
        with atomic_write(snakemake.output[0]) as path:
            ladder(path, table, params.collection, len(params.classes))


if __name__ == "__main__":
    main(snakemake)
