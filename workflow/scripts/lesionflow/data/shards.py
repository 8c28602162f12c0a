"""Packed shards: the table and the pixels that belong together, and their removal when they are damaged."""

from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError, damaged, file_digest, read_json
from lesionflow.lists import read_packed

INDEX = "store.json"


def damaged_shard(file: str | Path, why: object) -> InputError:
    """As `damaged`, of a `file` of a shard: its two files and the index of the store are removed."""
    table = Path(file).with_suffix(".csv")
    for path in (table, table.with_suffix(".npy"), table.with_name(INDEX)):
        damaged(path, why)
    return damaged(file, why)


def open_pixels(file: str | Path, table: str | Path | None = None) -> np.ndarray:
    """The pixels of a shard, uint8 [n, size, size, 3], read where they lie; InputError if the file is damaged.

    `table` is the shard's, where `file` is a copy of its pixels.
    """
    own = Path(table or file).with_suffix(".npy")
    try:
        pixels = np.load(file, mmap_mode="r")
    except FileNotFoundError:
        raise damaged_shard(own, "it is missing") from None
    except (OSError, MemoryError):  # the disk or the machine, not the file
        raise
    except Exception as error:  # garbage is taken for a pickle, a zip or a header
        raise damaged_shard(own, error) from None
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != (pixels.shape[1], pixels.shape[1], 3):
        raise damaged_shard(own, f"it holds {pixels.dtype} {list(pixels.shape)} instead of square RGB images")
    return pixels


def read_shard(table: str | Path) -> pd.DataFrame:
    """The table of a packed shard, with a row for each of the pixels beside it; InputError if it is damaged."""
    if not Path(table).exists():
        raise damaged_shard(table, "it is missing")
    try:
        packed = read_packed(table)
    except InputError as error:
        damaged_shard(table, error)
        raise
    count = len(open_pixels(Path(table).with_suffix(".npy")))
    if "row" not in packed or packed["row"].tolist() != list(range(count)):
        raise damaged_shard(table, f"its rows do not match its {count} images")
    ok = packed["status"] == "ok"
    if packed[["image", "status"]].isna().any(axis=None) or packed.loc[ok, "pixels"].isna().any():
        raise damaged_shard(table, "it has empty cells")
    return packed


def index_shards(tables: list[str]) -> dict[str, str]:
    """What store.json says of whole shards: the SHA-256 of each one's table, by its name."""
    for table in tables:
        read_shard(table)
    return {Path(table).stem: file_digest(table) for table in tables}


def shard_files(index: str | Path) -> list[str]:
    """The packed shards (.npy) that a store.json stands for, which lie beside it; InputError if one is damaged."""
    digests = read_json(index)
    if not digests:
        raise damaged(index, "it names no shards")
    for name, digest in digests.items():
        table = Path(index).with_name(f"{name}.csv")
        if not table.exists() or file_digest(table) != digest:
            raise damaged_shard(table, f"its SHA-256 is not the one in {INDEX}")
    return [str(Path(index).with_name(f"{name}.npy")) for name in digests]
