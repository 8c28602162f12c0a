"""Find images of one lesion or picture with different classes."""

from typing import TYPE_CHECKING

from lesionflow.data.conflicts import find_conflicts
from lesionflow.data.store import packed_store
from lesionflow.lists import read_described, read_duplicates, write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        inputs = snakemake.input
        described, duplicates = read_described(inputs.labels), read_duplicates(inputs.duplicates)
        store = packed_store(inputs.tables, inputs.pixels)
        conflicts = find_conflicts(
            described, duplicates, snakemake.params.classes, lambda images: store.read(store.positions(images))
        )
        write_table(snakemake.output[0], conflicts)


if __name__ == "__main__":
    main(snakemake)
