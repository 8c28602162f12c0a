"""Integrity checks of downloaded and copied files."""

import csv
import lzma
import zipfile
import zlib
from pathlib import Path

from lesionflow.files import file_digest
from lesionflow.listing import image_files
from lesionflow.logs import progress

DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)


def find_fault(path: Path, suffix: str, sha256: str | None, images: int | None, certain: bool) -> str:
    """Return why `path` is not the expected file, or an empty string if it is.

    `suffix` is the suffix of the final file name, `sha256` the digest or its leading digits and `images` the number of
    images in a .zip; None if unknown. `certain`: the file is known to be complete.
    """
    if not path.stat().st_size:
        return "the file is empty"
    if sha256:
        digest = file_digest(path)
        if not digest.startswith(sha256.lower()):
            what = "it is a web page and" if is_page(path) else "it"
            return f"{what} has the SHA-256 {digest} instead of {sha256}"
    elif is_page(path):
        return "it is a web page, perhaps a login or an error of the server"
    if suffix == ".csv" and not sha256:
        return find_table_fault(path, certain)
    return find_zip_fault(path, images) if suffix == ".zip" else ""


def is_page(path: Path) -> bool:
    """Whether a file starts like HTML, XML or JSON instead of a table or an archive."""
    with open(path, "rb") as stream:
        return stream.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"{", b"["))


def find_table_fault(path: Path, certain: bool) -> str:
    """Return why a CSV without a known digest appears incomplete, or an empty string."""
    first: list[str] = []
    last, rows = first, 0
    try:
        with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
            for row in filter(None, csv.reader(stream)):
                first, last, rows = first or row, row, rows + 1
    except csv.Error as error:
        return f"it is not a CSV ({error})"
    if rows < 2 or len(first) < 2:
        return "it is not a CSV with a header of two or more columns and at least one row"
    if len(last) < len(first):
        return f"it is truncated: its last row, number {rows}, has {len(last)} of {len(first)} columns"
    if not certain and not path.read_bytes().endswith((b"\n", b"\r")):
        return "it may be truncated: the server reports no length, and the last line has no line break"
    return ""


def find_zip_fault(path: Path, images: int | None) -> str:
    """Return why an archive is damaged or does not contain `images` images, or an empty string."""
    try:
        found = count_images(path)
        with zipfile.ZipFile(path) as archive:
            for member in progress(archive.infolist(), unit="file", desc=f"checking {path.stem}"):
                with archive.open(member) as stream:
                    while stream.read(1 << 20):  # zipfile checks the CRC-32 at the end
                        pass
    except DAMAGE as error:
        return describe_damage(path, error)
    return "" if images in (None, found) else f"it contains {found} images instead of {images}"


def describe_damage(path: Path, error: Exception) -> str:
    """Describe the damage of an archive that raised `error`."""
    with open(path, "rb") as stream:
        head = stream.read(2)
    if head != b"PK":
        return "it is not a zip"
    return (
        "the zip is truncated: its end is missing" if not zipfile.is_zipfile(path) else f"the zip is damaged: {error}"
    )


def count_images(path: str | Path) -> int:
    """Count the images in a .zip as `images.RawImages` does. Raises one of DAMAGE if its directory is unreadable."""
    with zipfile.ZipFile(path) as archive:
        return len(image_files(archive.namelist()))
