"""Decode, verify, hash and resize one shard of the images."""

from typing import TYPE_CHECKING

import torch

from lesionflow.data.images import RawImages, shard_names
from lesionflow.data.packing import new_pixels, pack
from lesionflow.files import atomic_write
from lesionflow.lists import write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    size = int(snakemake.wildcards.size)
    torch.set_num_threads(1)  # each thread of `pack` processes whole images
    with job(snakemake.log[0]):
        images = RawImages(snakemake.input.images)
        names = shard_names(images, int(snakemake.wildcards.shard), snakemake.params.shards)
        with atomic_write(snakemake.output.pixels) as npy:
            pixels = new_pixels(npy, len(names), size)
            nearest = snakemake.wildcards.resize == "nearest"
            write_table(snakemake.output.table, pack(images, names, pixels, snakemake.threads, nearest=nearest))
            pixels.flush()


if __name__ == "__main__":
    main(snakemake)
