"""Find images that are one lesion or one picture and yet have different classes."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.conflicts import find_conflicts
from lesionflow.files import job, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        described, duplicates = (pd.read_csv(path, dtype=str) for path in snakemake.input)
        write_table(snakemake.output[0], find_conflicts(described, duplicates, snakemake.params.classes))


if __name__ == "__main__":
    main(snakemake)
