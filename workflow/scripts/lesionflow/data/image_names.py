"""Matching of user-written image names, with folders, suffixes, spaces and quotes, to images."""

import logging
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from lesionflow.data.images import SUFFIXES
from lesionflow.files import InputError

INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
QUOTES = "\"'`´“”„‟‘’‚‛«»‹›"


def clean(text: str) -> str:
    """Strip white space, invisible characters and quotes from `text`."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(INVISIBLE)
    text = text.strip()
    if text.startswith('="'):  # protects 007 in a spreadsheet
        text = text[1:]
    return text.strip(QUOTES).strip()


def plain(name: str) -> str:
    """Return an image name without folder and image suffix: `train/ISIC_1.JPG ` becomes ISIC_1."""
    name = clean(clean(name).replace("\\", "/").rpartition("/")[2])
    stem, _, ending = name.rpartition(".")
    return clean(stem) if f".{ending.lower()}" in SUFFIXES else name


def match(names: pd.Series, known: Iterable[str], path: str | Path) -> pd.Series:
    """Return the image of `known` for each of `names`, missing if there is none.

    Names match exactly, else without folder, suffix and surrounding space, else case-insensitively. `names` are indexed
    by row of the file `path`. Raises InputError if a name is ambiguous.
    """
    images = pd.Series(list(known), dtype=str)
    found = names.where(names.isin(images))
    left, keys = names, images
    for spelled in (plain, str.casefold):
        left = left[found[left.index].isna()].map(spelled)
        if left.empty:
            break
        keys = keys.map(spelled)
        either = left[left.isin(keys[keys.duplicated()])]
        if len(either):
            row = either.index[0]
            one, other = images[keys == either[row]].iloc[:2]
            raise InputError(
                f"{path} row {row} names image {names[row]!r}, which may be {one!r} or {other!r}: write its exact name."
            )
        found = found.fillna(left.map(dict(zip(keys, images, strict=True))).astype("str"))
    differing = found.notna() & (found != names)
    if differing.any():
        row = differing.idxmax()
        logging.info(
            "%s: %d names are not written like their images': %r in row %d is read as %s",
            *(path, differing.sum(), names[row], row, found[row]),
        )
    return found


def name_images(names: pd.Series, path: str | Path, files: Iterable[str] = ()) -> pd.Series:
    """Return the image for each row of the file `path`: the name in `files`, else the name without suffix.

    Raises InputError if a row has no name.
    """
    found = match(names, files, path).fillna(names.map(plain))
    if (found == "").any():
        raise InputError(f"{path} row {(found == '').idxmax()} names no image: write its file name in column 'image'.")
    return found


def check_once(images: pd.Series, names: pd.Series, path: str | Path, what: str = "image") -> None:
    """Raise InputError if two rows of the file `path` name the same image; `names` are as written there.

    `what` is said of the rows, if they do not name images.
    """
    if images.duplicated().any():
        row = images.duplicated().idxmax()
        first = (images == images[row]).idxmax()
        raise InputError(
            f"{path} row {row} names {what} {images[row]} a second time ({names[row]!r}, in row {first} "
            f"{names[first]!r}): keep one of them."
        )
