"""Splits made elsewhere, and their audit."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import pandas as pd

from lesionflow import __version__, markdown
from lesionflow.data.image_names import clean, name_images
from lesionflow.data.images import OTHER_SUFFIXES, shown
from lesionflow.data.labels_and_metadata import describe_images, read_labels
from lesionflow.data.layout import NAMES
from lesionflow.data.user_tables import by_value, read_table
from lesionflow.files import InputError
from lesionflow.listing import is_image, walk
from lesionflow.lists import read_duplicates
from lesionflow.splits.audit import audit, table
from lesionflow.splits.overlap_text import lesions_known, sharing_sentences

PARTS = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "validate", "dev"),
    "test": ("test", "testing"),
}
PART_NAMES = {name: part for part, names in PARTS.items() for name in names}


def read_split(path: str | Path, images: Sequence[str], part_column: str = "part") -> tuple[pd.DataFrame, list[str]]:
    """Return image and part (train, valid or test) from a CSV or a folder with one subfolder per part, and remarks.

    Images are named as in `images`, the images of the labels, if they are among them. An image may be in two parts.
    Remarks are sentences on what is not audited or unknown. Raises InputError if training or test is empty, or no
    image is in the labels.
    """
    names, parts, others = _folder(path) if Path(path).is_dir() else (*_csv(path, part_column), [])
    part = parts.str.casefold().map(PART_NAMES)
    for wanted in ("train", "test"):
        if not (part == wanted).any():
            found = ", ".join(map(repr, parts.unique()[:6])) or "none"
            raise InputError(
                f"{path} has no image in part {wanted!r}: name the parts train, valid and test in column "
                f"{part_column!r} (`part_column` of `audit`) or by folder; it has {found}."
            )
    named = pd.DataFrame({"image": name_images(names, path, images), "part": part})
    split = named.dropna().drop_duplicates()
    strange = split.loc[~split["image"].isin(images), "image"].unique()
    if len(strange) == split["image"].nunique():
        raise InputError(
            f"No image of {path} is in the labels (its first is {strange[0]!r}, the labels' {images[0]!r}): "
            f"correct the names, or the `labels` of `audit`."
        )
    remarks = [
        f"{count} rows belong to part {name!r} and are not audited: only train, valid and test are."
        for name, count in parts[part.isna()].value_counts().items()
    ]
    if others:
        remarks.append(
            f"{len(others)} files, the first is {others[0]}, are not audited, as they have no ending of images: "
            f"convert them to JPEG or PNG."
        )
    if len(strange):
        remarks.append(f"{len(strange)} images, the first is {strange[0]}, are not in the labels and have no class.")
    if named.dropna().duplicated().any():
        remarks.append(
            f"{named.dropna().duplicated().sum()} rows repeat an image in the same part and are not counted again."
        )
    return split, remarks


def _csv(path: str | Path, part_column: str) -> tuple[pd.Series, pd.Series]:
    table = read_table(path, {"image": NAMES["image"], part_column: (part_column,)}, ["image", part_column])
    return table["image"], by_value(table[part_column], clean)


def _folder(path: str | Path) -> tuple[pd.Series, pd.Series, list[str]]:
    """Return names and parts of the images, and other files that may be images. Parts may link to the same folder."""
    below = [folder for folder in Path(path).iterdir() if folder.is_dir()]
    found = (Path(folder, file) for part in below for folder, _, files in walk(part) for file in files)
    files = sorted(PurePath(shown(file.relative_to(path))) for file in found)
    images = [file for file in files if is_image(file)]
    others = [str(file) for file in files if not is_image(file) and _unread(file)]
    return (
        pd.Series(map(str, images), dtype=str),
        pd.Series([clean(file.parts[0]) for file in images], dtype=str),
        others,
    )


def _unread(file: PurePath) -> bool:
    """Whether a file without the ending of an image may nevertheless be taken for one."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in file.parts)
    return not hidden and file.suffix.lower() not in OTHER_SUFFIXES


def audit_foreign(
    labels: pd.Series, metadata: str | Path | None, split: pd.DataFrame, duplicates: pd.DataFrame | None = None
) -> dict:
    """Return leakage.json of a split from `read_split`.

    Known are images that are in two parts, lesions and patients of the metadata, and what `duplicates` (see
    `find_duplicates`) say of the images if they are given.
    """
    every = labels.reindex(labels.index.union(split["image"].unique()))
    known = describe_images(every, metadata)[["image", "label", "lesion", "patient"]]
    return audit(known if duplicates is None else known.merge(duplicates, on="image", how="left"), split)


def audit_files(
    split: str | Path,
    labels: str | Path | None,
    metadata: str | Path | None,
    duplicates: str | Path | None,
    classes: Sequence[str],
    part_column: str,
) -> tuple[dict, list[str]]:
    """Return leakage.json of a split given by files, and remarks on what is not audited or unknown.

    Either `labels` or `duplicates` (duplicates.csv of the images) names the images.
    """
    sets = read_duplicates(duplicates) if duplicates else None
    if labels:
        known = read_labels(labels, classes, other_classes=True)
    else:
        assert sets is not None  # the schema demands it
        known = pd.Series(pd.NA, index=sets["image"].array, name="label", dtype="str")
    parts, remarks = read_split(split, known.index, part_column)
    if labels and known.isna().any():
        remarks.append(f"{known.isna().sum()} labelled images belong to none of `classes`.")
    absent = parts.loc[~parts["image"].isin(sets["image"]), "image"].unique() if sets is not None else []
    if len(absent):
        remarks.append(
            f"{len(absent)} images, the first is {absent[0]}, are not in `images` or cannot be read: "
            f"copies of them are not found."
        )
    return audit_foreign(known, metadata, parts, sets), remarks


def audit_page(name: str, result: Mapping, remarks: Sequence[str]) -> str:
    """Return an audit in Markdown, to be read or pasted into an issue; `result` is from `audit_foreign`."""
    found = "leak" if result["leaky"] else "no leak"
    unknown = "" if result["leaky"] or any(result["known"].values()) else ", lesions and patients unknown"
    title = f"Audit of {name}: {found} found{unknown}"
    notes = [*sharing_sentences(result), f"Audited: {lesions_known(result)}.", *remarks, f"Lesionflow {__version__}"]
    return markdown.page(title, table(result), ["part", "class"], notes)
