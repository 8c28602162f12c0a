"""Which of the files in a folder or in an archive are images."""

from collections.abc import Iterable
from pathlib import PurePath

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


def image_files(files: Iterable[str]) -> list[str]:
    """Those of `files` that are images by their ending, sorted; what macOS adds to an archive is not."""
    return sorted(file for file in files if is_image(PurePath(file)))


def is_image(file: PurePath) -> bool:
    return file.suffix.lower() in SUFFIXES and "__MACOSX" not in file.parts and not file.name.startswith("._")
