"""Raw images: find them in a folder or a zip, read, divide into shards, hash."""

import io
import os
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from scipy.fft import dctn

from lesionflow.files import InputError
from lesionflow.listing import SUFFIXES, is_image, walk

# Files that lie beside images and are none: nobody misses them.
OTHER_SUFFIXES = {
    ".csv", ".tsv", ".txt", ".md", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".xls", ".xlsx", ".log",
    ".db", ".ini",
}  # fmt: skip
MAX_BYTES = 150_000_000  # of one file; an image of 6000 × 4000 pixels of 3 × 16 bits, not compressed, has 144 million
# What unpacks as it is read. bzip2 makes gigabytes of one block of 45 bytes, and zipfile cannot stop it.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
SIDE = 32  # pixels of the image that a perceptual hash is taken of


class RawImages:
    """The image files of a folder or of a .zip, by image name (the file name without its ending).

    Folders are searched with all that are below them, also those that are links. `unread` says of files whose ending
    is not one of SUFFIXES, and of folders that cannot be listed, in a sentence why they are not read. Names that are
    not UTF-8 have the odd bytes as \\xNN. Files named ._…, in which macOS keeps what is no image, do not count.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        self.archive: zipfile.ZipFile | None = None
        self.files: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        if path.is_dir():
            found = [(shown(os.path.relpath(file, path)), file) for file in self._walk(path)]
        else:
            self.archive = open_zip(path)
            found = [(shown(name), name) for name in self.archive.namelist()]
        twins: dict[str, str] = {}
        for name, file in sorted(found):
            if self._add(Path(name), file):
                # Two names may look the same and yet differ in how an é is written.
                stem = unicodedata.normalize("NFC", Path(name).stem)
                if stem in twins:
                    raise InputError(
                        f"{shown(path)} has two images named {stem} ({twins[stem]} and {name}): rename one of them."
                    )
                twins[stem] = name
        if not self.files:
            reason = "".join(f" {reason}" for reason in list(self.unread.values())[:1])
            raise InputError(
                f"{shown(path)} has no image file ({', '.join(sorted(SUFFIXES))}): check `images`.{reason}"
            )

    def _walk(self, path: Path) -> Iterator[str]:
        """The files below a folder, and folders that are named like one; each folder once, however it is linked."""

        def note(error: OSError) -> None:
            folder = shown(os.path.relpath(error.filename, path))
            self.unread[folder] = f"Folder {folder} cannot be listed ({error.strerror}): change its permissions."

        for folder, below, files in walk(path, note):
            named_so = [name for name in below if Path(name).suffix.lower() in SUFFIXES]
            yield from (os.path.join(folder, name) for name in (*files, *named_so))

    def _add(self, name: Path, file: str) -> bool:
        """Whether a file is an image; else, why it is not read. `name` is its path, fit for people to see."""
        if is_image(name):
            self.files[name.stem] = file
            return True
        suffix = name.suffix.lower()
        if suffix not in OTHER_SUFFIXES and not name.name.startswith(".") and not file.endswith("/"):
            ending = f"files ending in {suffix} are" if suffix else "files without an ending are"
            self.unread[str(name)] = f"{name} is not read, as {ending} not: convert it to JPEG or PNG."
        return False

    def read(self, name: str) -> bytes:
        """The bytes of one image file; ValueError or OSError where it is no file or has more than MAX_BYTES."""
        stream, piece = self._open(self.files[name])
        with stream, io.BytesIO() as data:
            # What a header says of its length need not be true, so it is counted too.
            while part := stream.read(piece):
                data.write(part)
                check_bytes(data.tell())
            return data.getvalue()

    def _open(self, file: str) -> tuple[BinaryIO, int]:
        """An image file, and how many bytes of it may be asked for at once."""
        if self.archive is None:
            status = os.stat(file)
            if stat.S_ISDIR(status.st_mode):
                raise ValueError("it is a folder")
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is a pipe, a socket or a device")
            check_bytes(status.st_size)
            return open(file, "rb"), 1 << 20
        info = self.archive.getinfo(file)
        if info.is_dir():
            raise ValueError("it is a folder")
        if info.compress_type not in COMPRESSIONS:
            raise ValueError("its compression is not supported: create the .zip again with Deflate")
        check_bytes(info.file_size)
        # zipfile unpacks a piece of LZMA whole, and each byte may become 7,000.
        return self.archive.open(info), 1 << 12 if info.compress_type == zipfile.ZIP_LZMA else 1 << 20


def check_bytes(count: int) -> None:
    """Raise ValueError where a file has more than MAX_BYTES."""
    if count > MAX_BYTES:
        raise ValueError(f"it is larger than the limit of {MAX_BYTES // 1_000_000} MB per file")


def open_zip(path: Path) -> zipfile.ZipFile:
    """The .zip at `path`; InputError where it is none, or a damaged one."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise InputError(f"{shown(path)} is neither a folder nor a .zip: set `images` to one.")
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{shown(path)} is neither a folder nor a .zip that can be opened ({reason}): correct `images`."
        ) from None
    except Exception as error:  # zipfile has no list of what a damaged directory of members raises
        if path.suffix.lower() != ".zip":
            raise InputError(f"{shown(path)} is neither a folder nor a .zip: set `images` to one.") from None
        reason = f"is a damaged or incomplete .zip ({error}): copy or download it again."
        raise InputError(f"{shown(path)} {reason}") from None


def shown(path: str | Path) -> str:
    """A path with bytes that are not UTF-8 as \\xNN, for CSVs and messages."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def shard_names(images: RawImages, shard: int, shards: int) -> list[str]:
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
