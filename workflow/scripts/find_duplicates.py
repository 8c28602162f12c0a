"""Find duplicate and near-duplicate images."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.duplicates import find_duplicates
from lesionflow.data.store import packed_store
from lesionflow.lists import write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        # Images of another collection get its name as a prefix: both may use the same image names.
        other = snakemake.wildcards.get("other")
        prefixes = [f"{other}/" * (Path(path).parts[1] == other) for path in snakemake.input.tables]
        store = packed_store(snakemake.input.tables, snakemake.input.pixels, prefixes)
        duplicates = find_duplicates(
            store.manifest, lambda images: store.read(store.positions(images)), **snakemake.params.near
        )
        write_table(snakemake.output[0], duplicates)


if __name__ == "__main__":
    main(snakemake)
