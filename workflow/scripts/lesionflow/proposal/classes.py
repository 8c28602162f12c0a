"""Classes from the values of a column, or from names of folders."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

import pandas as pd

from lesionflow.config.checks import RESERVED
from lesionflow.data.images import RawImages
from lesionflow.files import InputError

FORBIDDEN = re.compile(r"[/\\{}\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
LONGEST = 60  # characters
PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "images", "imgs"}


def name_classes(counts: pd.Series) -> dict[str, str]:
    """Return the class of each value; `counts` are numbers of images by value, most frequent first.

    Values that differ only in case are one class, under its most frequent value. A value that is no valid name of a
    class gets one that is like it.
    """
    classes: dict[str, str] = {}
    for value in counts.index:
        if value.casefold() not in classes:
            classes[value.casefold()] = _class_name(value, classes.values())
    return {value: classes[value.casefold()] for value in counts.index}


def _class_name(value: str, taken: Iterable[str]) -> str:
    """Return a valid name of a class like `value`, and unlike those `taken`."""
    name = FORBIDDEN.sub("-", value)[:LONGEST].lstrip("-=+@'. ").rstrip(". ")
    if not name or name.casefold() in RESERVED["classes"]:
        name = f"class {name}".strip()[:LONGEST]
    used = {other.casefold() for other in taken}
    numbered = (f"{name[: LONGEST - 4]} {number}" for number in range(2, len(used) + 3))
    return name if name.casefold() not in used else next(each for each in numbered if each.casefold() not in used)


def check_folders(images: str, folders: Iterable[str]) -> None:
    """Raise InputError if the `folders` below `images` are named like parts of a split: they are no classes."""
    named = sorted(folders)
    if all(name.casefold() in PARTS for name in named):
        raise InputError(
            f"The folders in {images} ({', '.join(named)}) are named like parts of a split, not like classes: give the "
            "folder above those of the classes as `--config images=…`, or a table as `labels=…`."
        )


def folders_below(images: RawImages) -> Iterator[str]:
    """Yield a sentence on the folders in those of the classes, which may be those of patients, if there are any."""
    top = "" if images.archive else images.path
    folders = sorted({str(PurePath(file).relative_to(top).parent) for file in images.files.values()})
    below = [folder for folder in folders if len(PurePath(folder).parts) > 1]
    if below:
        yield (
            f"Images lie in {len(below)} folders below those of the classes, the first is {below[0]}: if each is of a "
            "patient or a lesion, write which image is of which into a table, and give it as `--config metadata=TABLE`."
        )
