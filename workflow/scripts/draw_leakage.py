"""Draw what the parts of a split share, by class."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json
from lesionflow.logs import job
from lesionflow.report.figures.leakage import leakage_by_class

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        result = read_json(snakemake.input[0])
        keywords = [snakemake.wildcards.protocol, f"seed {snakemake.wildcards.seed}"]
        title = f"Images that share with training: {', '.join(keywords)}"
        with atomic_write(snakemake.output[0]) as path:
            leakage_by_class(path, result, keywords, title, snakemake.params.leaky)


if __name__ == "__main__":
    main(snakemake)
