"""Raw images: find them in a folder or a zip, read, divide into shards, hash."""

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.fft import dctn

from lesionflow.files import InputError
from lesionflow.listing import SUFFIXES, image_files

SIDE = 32  # pixels of the image that a perceptual hash is taken of


class Images:
    """The image files of a folder or of a .zip, by image name (the file name without its ending)."""

    def __init__(self, path: str | Path):
        path = Path(path)
        if path.is_dir():
            self.archive = None
            files = [str(file) for file in path.rglob("*")]
        elif zipfile.is_zipfile(path):
            self.archive = zipfile.ZipFile(path)
            files = self.archive.namelist()
        else:
            raise InputError(f"{path} is neither a folder nor a .zip: set `images` of the collection to one.")
        self.files: dict[str, str] = {}
        for file in image_files(files):
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


def shard_names(images: Images, shard: int, shards: int) -> list[str]:
    """The sorted image names of shard number `shard` of `shards` contiguous, nearly equal ones."""
    return [str(name) for name in np.array_split(np.array(list(sorted(images.files))), shards)[shard]]


def grey_thumbnail(pixels: np.ndarray) -> np.ndarray:
    """What a perceptual hash is taken of: a square RGB image, uint8 [size, size, 3], as grey, uint8 [SIDE, SIDE]."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


def perceptual_hashes(thumbnails: np.ndarray) -> np.ndarray:
    """The 64-bit pHashes, uint64 [n], of thumbnails, uint8 [n, SIDE, SIDE]: those of `imagehash.phash`, all at once."""
    low = dctn(thumbnails.astype(float), axes=(1, 2))[:, :8, :8]
    bits = low > np.median(low, axis=(1, 2), keepdims=True)
    return np.packbits(bits.reshape(-1, 64), axis=1).view(">u8")[:, 0].astype(np.uint64)
