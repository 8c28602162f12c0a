"""Plot what a study can detect."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_study_size
from lesionflow.logs import job
from lesionflow.report.figures.study_size import study_size

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        size = read_study_size(snakemake.input[0])
        with atomic_write(snakemake.output[0]) as path:
            study_size(path, size, params.collection, params.margin)


if __name__ == "__main__":
    main(snakemake)
