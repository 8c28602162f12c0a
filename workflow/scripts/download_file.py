"""Download a file of a collection, or the weights of a backbone."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.download import download
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        download(
            snakemake.config["private_urls"][snakemake.output[0]],  # not in params, which Snakemake records
            Path(snakemake.output[0]),
            part=Path(params.part),
            sha256=params.sha256,
            images=params.images,
        )


if __name__ == "__main__":
    main(snakemake)
