"""List files in folders and recognise images."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


def image_files(files: Iterable[str]) -> list[str]:
    """Return the image files among `files`, sorted, without the companion files of macOS."""
    return sorted(file for file in files if is_image(PurePath(file)))


def is_image(file: PurePath) -> bool:
    """Return whether a file has an image suffix and is not a companion file of macOS (._NAME, __MACOSX)."""
    return file.suffix.lower() in SUFFIXES and "__MACOSX" not in file.parts and not file.name.startswith("._")


def walk(
    path: str | Path, onerror: Callable[[OSError], None] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, following links: each folder is visited once, and parents of `path` never."""

    def identity(folder: str | Path) -> tuple[int, int]:
        status = os.stat(folder)
        return status.st_dev, status.st_ino

    seen = {identity(parent) for parent in Path(path).resolve().parents}
    for folder, below, files in os.walk(path, onerror=onerror, followlinks=True):
        if identity(folder) in seen:
            below.clear()
            continue
        seen.add(identity(folder))
        below.sort(key=lambda name: (os.path.islink(os.path.join(folder, name)), name))
        yield folder, below, files
