"""Packing: decode, verify, hash and resize each image once."""

import hashlib
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.data.decoding import decode
from lesionflow.data.images import RawImages, grey_thumbnail, perceptual_hashes
from lesionflow.logs import progress

COLUMNS = ["image", "row", "width", "height", "sha256", "pixels", "phash", "status"]


def new_pixels(path: str | Path, count: int, size: int) -> np.memmap:
    """Create a memory-mapped .npy file, uint8 [count, size, size, 3]. Raises OSError if the disk is full."""
    pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
    if hasattr(os, "posix_fallocate"):  # not on macOS
        # The file is sparse so far: writing a page to a full disk later would kill the process (SIGBUS).
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.path.getsize(path))
    return pixels


def explain(error: Exception) -> str:
    """Return why a file cannot be decoded, for rejected.csv, without paths or memory addresses."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image in a known format"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split()).encode("utf-8", "backslashreplace").decode()


def pack(images: RawImages, names: list[str], pixels: np.ndarray, threads: int, nearest: bool = False) -> pd.DataFrame:
    """Decode `names` into `pixels` (uint8 [n, size, size, 3]) and return a table with the columns COLUMNS.

    Unusable images keep a row of zeros, and `status` gives the reason; all others are "ok". `sha256` is the digest of
    the file, `pixels` that of the packed pixels. Each thread processes whole images: limit torch to one thread.
    """

    def pack_one(row: int) -> dict:
        record = {"image": names[row], "row": row}
        try:
            data = images.read(names[row])
            record["sha256"] = hashlib.sha256(data).hexdigest()
            image, (record["width"], record["height"]) = decode(data, pixels.shape[1], nearest)
        except Exception as error:  # malicious files make zipfile, Pillow and codecs raise undocumented errors
            return record | {"status": f"cannot be decoded: {explain(error)}"}
        pixels[row] = image
        record["pixels"] = hashlib.sha256(image.data).hexdigest()
        return record | {"thumbnail": grey_thumbnail(image), "status": "ok"}

    # Decoding and resizing release the interpreter lock: threads share the zip and the store.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        records = list(progress(pool.map(pack_one, range(len(names))), total=len(names), unit="image"))
    usable = [record for record in records if record["status"] == "ok"]
    if usable:
        hashes = perceptual_hashes(np.stack([record["thumbnail"] for record in usable]))
        for record, phash in zip(usable, hashes, strict=True):
            record["phash"] = f"{phash:016x}"
    return pd.DataFrame(records, columns=COLUMNS).astype({"width": "Int64", "height": "Int64"})
