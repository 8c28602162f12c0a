"""Draw the images per class of one split and its datasets."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_counts
from lesionflow.logs import job
from lesionflow.report.figures.data import class_distribution

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        counts = read_counts(snakemake.input[0])
        keywords = [counts["protocol"].iloc[0], f"seed {counts['seed'].iloc[0]}"]
        with atomic_write(snakemake.output[0]) as path:
            class_distribution(path, counts, keywords, snakemake.params.leaky)


if __name__ == "__main__":
    main(snakemake)
