"""How the tables of a collection are to be read, found by looking at them and at its images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lesionflow.config.paths import BY_FOLDER
from lesionflow.data.diagnoses import OTHERS
from lesionflow.data.image_names import clean
from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images
from lesionflow.data.layout import METADATA, Layout
from lesionflow.data.user_tables import read_table
from lesionflow.files import InputError
from lesionflow.proposal.classes import check_folders, folders_below, name_classes
from lesionflow.proposal.columns import Guess, find_image_column, find_labels, find_metadata
from lesionflow.proposal.headers import meaning


@dataclass
class Found:
    """What was found: keys of `collections: NAME:` (without ignore_classes), why by key, and what is doubtful.

    described: one row per image that has a file and a label: image, label (the class) and the columns METADATA.
    values: number of images by value of the label.
    ignored: values of the label that no file has, "" for an empty cell.
    missing: number of rows of labels without a file; unlabelled: number of files without a label.
    """

    collection: dict[str, Any]
    why: dict[str, str]
    doubts: list[str]
    described: pd.DataFrame = field(default_factory=pd.DataFrame)
    values: pd.Series = field(default_factory=pd.Series)
    ignored: list[str] = field(default_factory=list)
    missing: int = 0
    unlabelled: int = 0


def find_collection(images: RawImages, labels: str | None, metadata: str | None) -> Found:
    """Return how to read a collection, from its table of `labels` or else its folders, and a table of `metadata`.

    Raises InputError if no column names the images, none has a class, or the tables cannot be read.
    """
    found = Found({"images": str(images.path), "labels": labels or BY_FOLDER}, {}, [])
    classes: list[str] = []
    if labels:
        classes = _find_in_table(found, images, labels, metadata)
    try:
        read = collection_labels(images, labels, metadata, classes, [] if classes else [OTHERS, ""], layout_of(found))
    except InputError as error:
        if labels:
            raise
        raise InputError(f"{str(error).rstrip('.')}, or give a table as `--config labels=TABLE`.") from None
    if not labels:
        check_folders(str(images.path), set(read))
        found.why["labels"] = f"no table is given, and images lie in {read.nunique()} folders: a folder is a class"
    there = read[read.index.isin(list(images.files))]
    if there.empty:
        raise InputError(f"No image of {images.path} has a label in {labels}: give the right table as `labels=…`.")
    found.missing, found.unlabelled = len(read) - len(there), len(images.files) - len(there)
    found.ignored += sorted(set(read) - set(there))
    found.values = there.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if not classes:
        named = name_classes(found.values)
        there = there.map(named)
        found.collection["label_map"] = {value: name for value, name in named.items() if value != name}
    _describe(found, images, there, [path for path in (metadata, labels) if path])
    if not labels and found.described[["lesion", "patient"]].isna().all(axis=None):
        found.doubts += folders_below(images)
    return found


def layout_of(found: Found) -> Layout:
    """Return the layout of the tables as far as it is found."""
    return Layout(**{key: value for key, value in found.collection.items() if key in vars(Layout())})


def read_columns(path: str) -> pd.DataFrame:
    """Return a table with the columns that have a name of their own, as text. Raises InputError as `read_table`."""
    table = read_table(path, {}, [])
    return table.loc[:, ~table.columns.duplicated(keep=False) & (table.columns != "")]


def _find_in_table(found: Found, images: RawImages, labels: str, metadata: str | None) -> list[str]:
    """Note image and label column in `found`; return the classes if each has a column."""
    table, guess = read_columns(labels), Guess()
    rows = find_image_column(table, list(images.files), guess)
    if not rows.any():
        lesion = _shared_lesion(table, metadata)
        if lesion is None:
            raise InputError(
                f"No column of {labels} names image files of {images.path} (it has {', '.join(table.columns)}; the "
                f"first file is {min(images.files)}): add the column, or give the right table as `labels=…`."
            )
        assert metadata is not None
        find_image_column(read_columns(metadata), list(images.files), guess)
        guess.columns["lesion"] = lesion
        found.collection |= {"label_key": "lesion", "columns": {"lesion": lesion}}
        found.why["label_key"] = f"{labels} names no image, and {metadata} gives the lesion of each"
        rows = ~rows
    find_labels(table[rows], guess)
    if not guess.labels:
        raise InputError(
            f"No column of {labels} looks like the class (2 to 60 words, numbers under a name such as `dx`, or columns "
            f"of 0 and 1 with one 1 in each row); it has {', '.join(table.columns)}: add the column, or write a config "
            "(docs/collections.md)."
        )
    found.doubts += guess.doubts
    found.why["labels"] = guess.why["label"]
    if "image" in guess.columns:
        found.collection["image_column"] = guess.columns["image"]
        found.why["image_column"] = guess.why["image"]
    if len(guess.labels) > 1:
        return guess.labels
    found.collection["label_column"] = guess.labels[0]
    found.why["label_column"] = found.why.pop("labels")
    found.ignored += [""] * bool((table[guess.labels[0]].map(clean) == "").any())
    return []


def _shared_lesion(table: pd.DataFrame, metadata: str | None) -> str | None:
    """Return the column that names the lesion in both tables."""
    names = read_columns(metadata).columns if metadata else []
    return next((name for name in names if name in table and meaning(name) == "lesion"), None)


def _describe(found: Found, images: RawImages, labels: pd.Series, paths: list[str]) -> None:
    """Note in `found` which of the tables at `paths` is read as metadata, and what they say of the images."""
    guesses = {path: _guess_metadata(found, path, images, labels) for path in dict.fromkeys(paths)}
    useful = {path: guess for path, guess in guesses.items() if set(METADATA) & set(guess.columns)}
    grouping = [path for path, guess in useful.items() if {"lesion", "patient"} & set(guess.columns)]
    path = next(iter([*grouping, *useful]), None)
    if path:
        guess = useful[path]
        found.doubts += guess.doubts
        found.collection["metadata"] = path
        # Without a word on them, refused columns would be read by their names.
        unread = dict.fromkeys(guess.refused - {found.collection.get("label_key")})
        columns = unread | guess.columns
        found.collection["columns"] = {role: columns[role] for role in METADATA if role in columns}
        if "image_column" not in found.collection:
            found.collection["image_column"] = guess.columns["image"]
            found.why.setdefault("image_column", guess.why["image"])
        found.why |= guess.why
        found.doubts += [f"{path} is read as metadata, {other} is not: join them." for other in useful if other != path]
    else:
        found.doubts += [doubt for guess in guesses.values() for doubt in guess.doubts]
    while True:
        try:
            found.described = describe_images(labels, found.collection.get("metadata"), layout=layout_of(found))
            return
        except InputError as error:
            found.doubts.append(_leave_out(found.collection, str(error)))


def _guess_metadata(found: Found, path: str, images: RawImages, labels: pd.Series) -> Guess:
    """Return the columns of the table at `path` that describe the images with `labels`."""
    table, guess = read_columns(path), Guess()
    rows = find_image_column(table, list(images.files), guess)
    if path == found.collection["labels"]:
        guess.labels = [found.collection.get("label_column", "")]
    mine, theirs = found.collection.get("image_column"), guess.columns.get("image")
    if rows.any() and mine and mine != theirs:
        rows[:] = False
        guess.doubts.append(
            f"{path} names images in column {theirs!r}, the labels in {mine!r}: give both the same name, as {path} is "
            "not read now."
        )
    if rows.any():
        find_metadata(table[rows], labels.nunique(), guess)
    return guess


def _leave_out(collection: dict[str, Any], error: str) -> str:
    """Take from `collection` what the `error` of its metadata is about; return what is then not known."""
    columns: Mapping[str, str | None] = collection.get("columns", {})
    if columns.get("lesion") and columns.get("patient"):
        collection["columns"] = {**columns, "lesion": None}
        return f"Lesions are not read, only patients. {error}"
    del collection["metadata"], collection["columns"]
    return f"The metadata are not read. {error}"
