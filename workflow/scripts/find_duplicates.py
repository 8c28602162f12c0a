"""Find images that show the same picture."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.batches import Store
from lesionflow.duplicates import find_duplicates
from lesionflow.files import job, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        # Named by number: shards of two collections may have the same file name.
        tables = [
            pd.read_csv(table, dtype={"image": str}).assign(shard=f"{number:04d}")
            for number, table in enumerate(snakemake.input.tables)
        ]
        packed = pd.concat(tables)
        packed = packed[packed["status"] == "ok"]
        store = Store(packed, {f"{number:04d}": shard for number, shard in enumerate(snakemake.input.pixels)})
        duplicates = find_duplicates(
            packed, lambda images: store.read(store.positions(images)), **snakemake.params.near
        )
        with whole(snakemake.output[0]) as path:
            duplicates.to_csv(path, index=False)


if __name__ == "__main__":
    main(snakemake)
