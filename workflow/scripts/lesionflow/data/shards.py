"""Packed shards: table and pixels of each, with validation and removal of damaged ones."""

from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError, damaged, file_digest, read_json
from lesionflow.lists import read_packed

INDEX = "store.json"


def damaged_shard(file: str | Path, why: object) -> InputError:
    """As `damaged`, for a `file` of a shard: also removes the shard's other file and the index of the store."""
    table = Path(file).with_suffix(".csv")
    for path in (table, table.with_suffix(".npy"), table.with_name(INDEX)):
        damaged(path, why)
    return damaged(file, why)


def open_pixels(file: str | Path, table: str | Path | None = None) -> np.ndarray:
    """Memory-map the pixels of a shard, uint8 [n, size, size, 3]. Raises InputError if the file is damaged.

    `table` is the table of the shard if `file` is a copy of its pixels.
    """
    own = Path(table or file).with_suffix(".npy")
    try:
        pixels = np.load(file, mmap_mode="r")
    except FileNotFoundError:
        raise damaged_shard(own, "it is missing") from None
    except (OSError, MemoryError):  # a fault of the disk or the machine, not of the file
        raise
    except Exception as error:  # np.load takes garbage for a pickle, a zip or a header
        raise damaged_shard(own, error) from None
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != (pixels.shape[1], pixels.shape[1], 3):
        raise damaged_shard(own, f"it holds {pixels.dtype} {list(pixels.shape)} instead of square RGB images")
    return pixels


def read_shard(table: str | Path) -> pd.DataFrame:
    """Read the table of a shard, one row per image in its .npy file. Raises InputError if it is damaged."""
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
    """Validate all shards and return the contents of store.json: the SHA-256 of each table, by shard name."""
    for table in tables:
        read_shard(table)
    return {Path(table).stem: file_digest(table) for table in tables}


def shard_files(index: str | Path) -> list[str]:
    """Return the .npy files of the shards listed in a store.json. Raises InputError if one is damaged."""
    digests = read_json(index)
    if not digests:
        raise damaged(index, "it names no shards")
    for name, digest in digests.items():
        table = Path(index).with_name(f"{name}.csv")
        if not table.exists() or file_digest(table) != digest:
            raise damaged_shard(table, f"its SHA-256 is not the one in {INDEX}")
    return [str(Path(index).with_name(f"{name}.npy")) for name in digests]
