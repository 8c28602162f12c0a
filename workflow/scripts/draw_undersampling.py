"""Draw how many training images of each class under-sampling keeps."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import read_counts
from lesionflow.logs import job
from lesionflow.report.figures.data import undersampling

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    params, wildcards = snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        counts = read_counts(snakemake.input[0])
        split = [wildcards.protocol, f"seed {wildcards.seed}"]
        with atomic_write(snakemake.output[0]) as path:
            undersampling(path, counts, params.datasets[0], split, params.leaky)


if __name__ == "__main__":
    main(snakemake)
