"""Find images that show the same picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.batches import Store
from lesionflow.duplicates import find_duplicates
from lesionflow.files import job
from lesionflow.lists import write_table
from lesionflow.shards import read_shard

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        # Shards are named by number, and images of another collection after it: both may use the same names.
        other = snakemake.wildcards.get("other")
        tables = []
        for number, path in enumerate(snakemake.input.tables):
            table = read_shard(path).assign(shard=f"{number:04d}")
            if Path(path).parts[1] == other:
                table["image"] = f"{other}/" + table["image"]
            tables.append(table)
        packed = pd.concat(tables)
        packed = packed[packed["status"] == "ok"]
        store = Store(packed, {f"{number:04d}": shard for number, shard in enumerate(snakemake.input.pixels)})
        duplicates = find_duplicates(
            packed, lambda images: store.read(store.positions(images)), **snakemake.params.near
        )
        write_table(snakemake.output[0], duplicates)


if __name__ == "__main__":
    main(snakemake)
