"""Raw images: find them in a folder or a zip, decode, verify, hash, resize and pack them."""

import hashlib
import io
import warnings
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.files import InputError, progress

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}
SIDE = 32  # pixels of the image that a perceptual hash is taken of
# What a file that is damaged, locked or no image makes Python, Pillow or the zip say.
UNREADABLE = (
    OSError, ValueError, SyntaxError, RuntimeError, zipfile.BadZipFile, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
COLUMNS = ["image", "row", "width", "height", "sha256", "pixels", "phash", "status"]


class Images:
    """The image files of a folder or of a .zip, by image name (the file name without its ending)."""

    def __init__(self, path: str | Path):
        path = Path(path)
        if path.is_dir():
            self.archive = None
            files = [str(file) for file in path.rglob("*")]
        elif zipfile.is_zipfile(path):
            self.archive = zipfile.ZipFile(path)
            files = [name for name in self.archive.namelist() if not name.startswith("__MACOSX")]
        else:
            raise InputError(f"{path} is neither a folder nor a .zip: set `images` of the collection to one.")
        self.files: dict[str, str] = {}
        for file in sorted(files):
            if Path(file).suffix.lower() not in SUFFIXES:
                continue
            name = Path(file).stem
            if name in self.files:
                raise InputError(
                    f"{path} has two images named {name} ({self.files[name]} and {file}): rename one of them."
                )
            self.files[name] = file
        if not self.files:
            raise InputError(f"{path} has no image file ({', '.join(sorted(SUFFIXES))}): check `images`.")

    def read(self, name: str) -> bytes:
        """The bytes of one image file."""
        file = self.files[name]
        return self.archive.read(file) if self.archive else Path(file).read_bytes()


def decode(data: bytes, size: int, nearest: bool = False) -> tuple[Image.Image, tuple[int, int]]:
    """Decode to an RGB image of size × size pixels, aspect ratio given up; also (width, height) as stored.

    JPEG is decoded at the smallest scale that is still at least `size`, which is most of the time saved,
    and the rest of the way is an antialiased bilinear resize, as torchvision's. `nearest` takes the nearest pixels
    of the full image instead, as Keras does by default.
    """
    image = Image.open(io.BytesIO(data))
    original = image.size
    if not nearest:
        image.draft("RGB", (size, size))
    if image.mode != "RGB":
        image = image.convert("RGB")
    resample = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    return image.resize((size, size), resample), original


def perceptual_hash(image: Image.Image) -> str:
    """The 64-bit pHash of a square image as 16 hexadecimal digits, taken of SIDE × SIDE pixels."""
    return str(imagehash.phash(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)))


def pack(images: Images, names: list[str], pixels: np.ndarray, threads: int, nearest: bool = False) -> pd.DataFrame:
    """Decode `names` into `pixels` (uint8 [n, size, size, 3]) and return what is known of each.

    An image that cannot be used keeps a row of zeros, and its `status` says why; all others are "ok".
    `sha256` is of the file, `pixels` of the packed pixels.
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
        record["pixels"] = hashlib.sha256(pixels[row]).hexdigest()
        return record | {"phash": perceptual_hash(image), "status": "ok"}

    # Pillow gives up the interpreter lock while it decodes and resizes: threads share the zip and the store.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        records = list(progress(pool.map(pack_one, range(len(names))), total=len(names), unit="image"))
    return pd.DataFrame(records, columns=COLUMNS).astype({"width": "Int64", "height": "Int64"})


def shard_names(images: Images, shard: int, shards: int) -> list[str]:
    """The sorted image names of shard number `shard` of `shards` contiguous, nearly equal ones."""
    return [str(name) for name in np.array_split(np.array(list(sorted(images.files))), shards)[shard]]
