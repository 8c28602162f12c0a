"""Find images that are one lesion or one picture and yet have different classes."""

from typing import TYPE_CHECKING

from lesionflow.conflicts import find_conflicts
from lesionflow.files import job
from lesionflow.lists import read_described, read_duplicates, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        described, duplicates = read_described(snakemake.input[0]), read_duplicates(snakemake.input[1])
        write_table(snakemake.output[0], find_conflicts(described, duplicates, snakemake.params.classes))


if __name__ == "__main__":
    main(snakemake)
