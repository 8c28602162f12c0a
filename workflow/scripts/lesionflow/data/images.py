"""Raw images: discovery in a folder or .zip, reading, sharding and perceptual hashes."""

import io
import os
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image
from scipy.fft import dctn

from lesionflow.files import InputError
from lesionflow.listing import SUFFIXES, is_image, walk

# Suffixes of files that commonly accompany images; they are ignored silently.
OTHER_SUFFIXES = {
    ".csv", ".tsv", ".txt", ".md", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".xls", ".xlsx", ".log",
    ".db", ".ini",
}  # fmt: skip
MAX_BYTES = 150_000_000  # per file; an uncompressed image of 6000 × 4000 pixels at 3 × 16 bits has 144 million
# Decompressed as a stream. bzip2 expands a block of 45 bytes to gigabytes, which zipfile cannot limit.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
SIDE = 32  # pixels per side of the thumbnails for perceptual hashes


class RawImages:
    """The image files of a folder or .zip, by image name (file name without suffix).

    Folders are searched recursively, through links too. `unread` gives, by file or folder, a sentence on why it is not
    read: its suffix is not in SUFFIXES, or the folder cannot be listed. Bytes of names that are not UTF-8 are shown as
    \\xNN. The companion files of macOS (._…) are ignored. Raises InputError if two images have the same name, or if
    there are none.
    """

    def __init__(self, path: str | Path):
        self.path = path = Path(path)
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
                # Names that look the same may differ in the encoding of an é.
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
        """Yield all files below a folder, and folders with an image suffix; each folder once, however it is linked."""

        def note(error: OSError) -> None:
            folder = shown(os.path.relpath(error.filename, path))
            self.unread[folder] = f"Folder {folder} cannot be listed ({error.strerror}): change its permissions."

        for folder, below, files in walk(path, note):
            named_so = [name for name in below if Path(name).suffix.lower() in SUFFIXES]
            yield from (os.path.join(folder, name) for name in (*files, *named_so))

    def _add(self, name: Path, file: str) -> bool:
        """Register a file if it is an image, or the reason why not. `name` is its printable path."""
        if is_image(name):
            self.files[name.stem] = file
            return True
        suffix = name.suffix.lower()
        if suffix not in OTHER_SUFFIXES and not name.name.startswith(".") and not file.endswith("/"):
            ending = f"files ending in {suffix} are" if suffix else "files without an ending are"
            self.unread[str(name)] = f"{name} is not read, as {ending} not: convert it to JPEG or PNG."
        return False

    def read(self, name: str) -> bytes:
        """Return the bytes of an image. Raises ValueError or OSError if it is not a file or exceeds MAX_BYTES."""
        stream, piece = self._open(self.files[name])
        with stream, io.BytesIO() as data:
            # The length in a header may be wrong, so bytes are counted as well.
            while part := stream.read(piece):
                data.write(part)
                check_bytes(data.tell())
            return data.getvalue()

    def _open(self, file: str) -> tuple[IO[bytes], int]:
        """Open an image file; also return the number of bytes to request at once."""
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
        # zipfile decompresses an LZMA piece at once, and each byte may expand to 7,000.
        return self.archive.open(info), 1 << 12 if info.compress_type == zipfile.ZIP_LZMA else 1 << 20


def check_bytes(count: int) -> None:
    """Raise ValueError if `count` exceeds MAX_BYTES."""
    if count > MAX_BYTES:
        raise ValueError(f"it is larger than the limit of {MAX_BYTES // 1_000_000} MB per file")


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open the .zip at `path`. Raises InputError if it is damaged or not a .zip."""
    if path.exists() and not path.is_file():  # opening a pipe would block
        raise InputError(f"{shown(path)} is neither a folder nor a .zip: set `images` to one.")
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{shown(path)} is neither a folder nor a .zip that can be opened ({reason}): correct `images`."
        ) from None
    except Exception as error:  # zipfile does not document the errors of a damaged central directory
        if path.suffix.lower() != ".zip":
            raise InputError(f"{shown(path)} is neither a folder nor a .zip: set `images` to one.") from None
        reason = f"is a damaged or incomplete .zip ({error}): copy or download it again."
        raise InputError(f"{shown(path)} {reason}") from None


def shown(path: str | Path) -> str:
    """Return a printable path, with bytes that are not UTF-8 as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def shard_names(images: RawImages, shard: int, shards: int) -> list[str]:
    """Return the sorted image names of shard `shard` out of `shards` contiguous, nearly equal ones."""
    return [str(name) for name in np.array_split(np.array(list(sorted(images.files))), shards)[shard]]


def grey_thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Reduce a square RGB image, uint8 [size, size, 3], to grey, uint8 [SIDE, SIDE], for `perceptual_hashes`."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


def perceptual_hashes(thumbnails: np.ndarray) -> np.ndarray:
    """Return 64-bit pHashes, uint64 [n], of thumbnails, uint8 [n, SIDE, SIDE], equal to `imagehash.phash`."""
    low = dctn(thumbnails.astype(float), axes=(1, 2))[:, :8, :8]
    bits = low > np.median(low, axis=(1, 2), keepdims=True)
    return np.packbits(bits.reshape(-1, 64), axis=1).view(">u8")[:, 0].astype(np.uint64)
