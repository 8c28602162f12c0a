"""Write Table 3.1, which defines the metrics."""

from typing import TYPE_CHECKING

from lesionflow.logs import job
from lesionflow.report.tables.metrics import matrix_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        matrix_table().write(*snakemake.output)


if __name__ == "__main__":
    main(snakemake)
