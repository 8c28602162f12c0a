"""Packing: decode, verify, hash and resize images, once."""

import contextlib
import hashlib
import io
import warnings
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import simplejpeg
import torch
from PIL import Image
from torch.nn import functional as F

from lesionflow.files import progress
from lesionflow.images import Images, grey_thumbnail, perceptual_hashes

# What a file that is damaged, locked or no image makes Python, Pillow or the zip say.
UNREADABLE = (
    OSError, ValueError, SyntaxError, RuntimeError, zipfile.BadZipFile, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
COLUMNS = ["image", "row", "width", "height", "sha256", "pixels", "phash", "status"]


@torch.inference_mode()
def resize(pixels: np.ndarray, size: int) -> np.ndarray:
    """Antialiased bicubic resize of an RGB image, uint8 [h, w, 3], to [size, size, 3], aspect ratio given up."""
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    resized = F.interpolate(batch, (size, size), mode="bicubic", antialias=True)
    return resized[0].permute(1, 2, 0).contiguous().numpy()


def decode(data: bytes, size: int, nearest: bool = False) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode to an RGB image, uint8 [size, size, 3]; also (width, height) as stored.

    JPEG is decoded at the smallest scale that is still at least `size`, which is most of the time saved.
    `nearest` takes the nearest pixels of the full image instead of resizing, as Keras does by default.
    """
    if data.startswith(b"\xff\xd8") and not nearest:
        with contextlib.suppress(ValueError):  # what is damaged or of a rare kind is left to Pillow
            height, width, *_ = simplejpeg.decode_jpeg_header(data)
            return resize(simplejpeg.decode_jpeg(data, "RGB", min_height=size, min_width=size), size), (width, height)
    image = Image.open(io.BytesIO(data))
    if nearest:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.NEAREST)), image.size
    return resize(np.array(image.convert("RGB")), size), image.size


def pack(images: Images, names: list[str], pixels: np.ndarray, threads: int, nearest: bool = False) -> pd.DataFrame:
    """Decode `names` into `pixels` (uint8 [n, size, size, 3]) and return what is known of each.

    An image that cannot be used keeps a row of zeros, and its `status` says why; all others are "ok".
    `sha256` is of the file, `pixels` of the packed pixels. Each thread does a whole image: let torch have one.
    """

    def pack_one(row: int) -> dict:
        record = {"image": names[row], "row": row}
        try:
            data = images.read(names[row])
            record["sha256"] = hashlib.sha256(data).hexdigest()
            image, (record["width"], record["height"]) = decode(data, pixels.shape[1], nearest)
        except UNREADABLE as e:
            # A reader of rejected.csv has no use for the address of a buffer in memory.
            reason = "not an image in a known format" if isinstance(e, Image.UnidentifiedImageError) else e
            return record | {"status": f"cannot be decoded: {reason}"}
        pixels[row] = image
        record["pixels"] = hashlib.sha256(image).hexdigest()
        return record | {"thumbnail": grey_thumbnail(image), "status": "ok"}

    # Decoding and resizing give up the interpreter lock: threads share the zip and the store.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        records = list(progress(pool.map(pack_one, range(len(names))), total=len(names), unit="image"))
    usable = [record for record in records if record["status"] == "ok"]
    if usable:
        hashes = perceptual_hashes(np.stack([record["thumbnail"] for record in usable]))
        for record, phash in zip(usable, hashes, strict=True):
            record["phash"] = f"{phash:016x}"
    return pd.DataFrame(records, columns=COLUMNS).astype({"width": "Int64", "height": "Int64"})
