"""Decode, verify, hash and resize one shard of the images."""

import time
from typing import TYPE_CHECKING

import torch

from lesionflow.data.images import RawImages, shard_names
from lesionflow.data.packing import new_pixels, pack
from lesionflow.files import atomic_write
from lesionflow.lists import write_benchmark, write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    started, params, output = time.perf_counter(), snakemake.params, snakemake.output
    torch.set_num_threads(1)  # each thread of `pack` does a whole image
    with job(snakemake.log[0]):
        images = RawImages(params.images)
        names = shard_names(images, int(params.shard), params.shards)
        with atomic_write(output.pixels) as npy:
            pixels = new_pixels(npy, len(names), int(params.size))
            table = pack(images, names, pixels, snakemake.threads, nearest=params.resize == "nearest")
            write_table(output.table, table)
            pixels.flush()
        write_benchmark(output.benchmark, time.perf_counter() - started)


if __name__ == "__main__":
    main(snakemake)
