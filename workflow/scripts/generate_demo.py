"""Generate the demo collection."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.demo import draw_collection
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        images, labels, metadata = (Path(snakemake.output[name]) for name in ("images", "labels", "metadata"))
        params = snakemake.params
        draw_collection(images, labels, metadata, params.total, params.seed, snakemake.threads, unknown=params.unknown)


if __name__ == "__main__":
    main(snakemake)
