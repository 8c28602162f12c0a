"""Lists of published splits, as repositories have them: where their files lie, and readers for them.

An entry of the register names its `reader`, one of READERS, its `path` and its `parts`. `path` is in the repository;
after a "!" it says what is inside of the file, and {part} stands for a part. `parts` are the repository's words for
train, valid and test; "-" is a part that it does not have.
"""

import hashlib
import re
import urllib.parse
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.data.download import download
from lesionflow.data.image_names import clean, plain
from lesionflow.data.user_tables import by_value, read_table
from lesionflow.files import InputError

PARTS = ("train", "valid", "test")
IMAGE = re.compile(r"ISIC_\d+(?:_downsampled)?")


def list_files(entry: Mapping) -> dict[str, tuple[str, str]]:
    """Return by part the file in the repository that lists its images, and what of that file."""
    words = dict(zip(PARTS, entry["parts"].split(), strict=True))
    paths = {part: entry["path"].replace("{part}", word) for part, word in words.items() if word != "-"}
    return {part: tuple((path + "!").split("!")[:2]) for part, path in paths.items()}


def fetch_files(entry: Mapping, server: str, folder: Path) -> Path:
    """Fetch what is not there of the files of an `entry`, and return the folder that has them, below `folder`.

    They are SERVER/REPOSITORY/COMMIT/PATH. Raises InputError if one cannot be fetched, or if the register has no reader
    for the split.
    """
    if not entry["reader"]:
        raise InputError(
            f"The lists of {entry['name']} cannot be fetched ({entry['path']}): put one, {entry['name']}.csv with "
            f"image and part, into the folder `lists` of `register`."
        )
    where = Path(entry["repository"], entry["commit"])
    for file, _ in list_files(entry).values():
        path = stored(folder / where, file)
        if not path.exists():
            part = path.with_name(f"{path.name}.part")
            download([f"{server}/{where}/{urllib.parse.quote(file)}"], path, part=part)
    return folder / where


def stored(folder: str | Path, file: str) -> Path:
    """Return where the `file` of a repository is kept.

    The ending of its own would subject it to the checks of a table of several columns; the digest of the list that is
    read from it says whether it is damaged.
    """
    return Path(folder, f"{file}.fetched")


def read_published(entry: Mapping, folder: str | Path) -> pd.DataFrame:
    """Return image and part of the split of an `entry` of the register, from its files in `folder`, sorted.

    Images are named without folder and file ending. Raises InputError if the reader is unknown, a file is not as it
    expects, or a part has no image.
    """
    if entry["reader"] not in READERS:
        raise InputError(
            f"The register has reader {entry['reader']!r} for {entry['name']}: use one of {', '.join(READERS)}, or "
            f"none."
        )
    reader, rows = READERS[entry["reader"]], []
    for part, (file, inside) in list_files(entry).items():
        path = stored(folder, file)
        try:
            images = reader(path, inside)
        except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path} cannot be read as {entry['reader']!r} ({error}): correct reader and path of "
                f"{entry['name']} in the register."
            ) from None
        if not images:
            raise InputError(
                f"{path} names no image of part {part!r}: correct path and parts of {entry['name']} in the register."
            )
        rows += [(image, part) for image in images]
    return canonical(pd.DataFrame(rows, columns=["image", "part"]))


def read_local(path: str | Path) -> pd.DataFrame:
    """Return image and part of a CSV with these columns, as `read_published` does.

    Raises InputError if a row is of another part than PARTS.
    """
    table = read_table(path, {"image": ("image",), "part": ("part",)}, ["image", "part"])
    split = pd.DataFrame({"image": table["image"].map(plain), "part": by_value(table["part"], clean)})
    other = split["part"][~split["part"].isin(PARTS)]
    if len(other):
        raise InputError(f"{path} row {other.index[0]} has part {other.iloc[0]!r}: use only {', '.join(PARTS)}.")
    return canonical(split)


def canonical(split: pd.DataFrame) -> pd.DataFrame:
    """Return `split` sorted by image and part, without repeated rows."""
    return split.drop_duplicates().sort_values(["image", "part"], ignore_index=True)


def list_digest(split: pd.DataFrame) -> str:
    """Return the SHA-256 of a split's sorted lines `image,part`: the same for the same images in the same parts."""
    return hashlib.sha256(canonical(split).to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _in_text(text: str) -> list[str]:
    """Return the first image that each line names."""
    return [found[0] for found in map(IMAGE.search, text.splitlines()) if found]


def _lines(path: Path, inside: str) -> list[str]:
    return _in_text(path.read_text(encoding="utf-8-sig"))


def _array(path: Path, inside: str) -> list[str]:
    # An array of objects is a pickle, which is refused: reading it would run what is in it.
    return _in_text("\n".join(np.load(path, allow_pickle=False).astype(str).ravel()))


def _in_zip(path: Path, inside: str) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        (member,) = [name for name in archive.namelist() if f"/{name}".endswith(f"/{inside}")]
        return _in_text(archive.read(member).decode("utf-8-sig"))


def _column(path: Path, inside: str) -> list[str]:
    name, _, word = inside.partition("=")
    table = read_table(path, {name: (name,)}, [name])
    return _in_text("\n".join(table.iloc[:, 0][by_value(table[name], clean) == word]))


# By the name that the register gives them; `inside` is what follows "!" in the path.
READERS: dict[str, Callable[[Path, str], list[str]]] = {
    "lines": _lines,  # one text or CSV file per part, whose lines name an image each
    "npy": _array,  # one array of names per part
    "zip": _in_zip,  # one text or CSV file per part in an archive: archive.zip!file
    "column": _column,  # one CSV: table.csv!column=word, images in its first column
}
