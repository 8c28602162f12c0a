"""The class of each row or image: from 0/1 columns, from a column of diagnoses, or from folders."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import pandas as pd

from lesionflow.data.image_names import clean
from lesionflow.data.images import RawImages, shown
from lesionflow.data.user_tables import by_value, marks, zeros_and_ones
from lesionflow.files import InputError

OTHERS = "*"  # in `ignore_classes`: whatever is not a class
SHOWN = 20  # values in a message
WEIGHTS = ("score_weight", "validation_weight")  # of images in ground truths of the ISIC challenges, not classes


def classes_of(values: pd.Series, where: str, known: Sequence[str], label_map: Mapping[str, str]) -> pd.Series:
    """Return the class that `label_map` gives for each value, or the value itself if it is one of `known`.

    `known` are `classes` and `ignore_classes`. With "" among them empty cells are missing, with OTHERS any value is
    known. Raises InputError if a value is not known; `where` says where the values are.
    """
    found = by_value(values, clean)
    labels = by_value(found, lambda value: label_map.get(value, value))
    strange = found[~labels.isin(known)].value_counts()
    if len(strange) and OTHERS not in known:
        named = ", ".join(f"{value!r} ({count})" for value, count in strange.head(SHOWN).items())
        raise InputError(
            f"{where} has {len(strange)} names that are not classes: {named}{', …' * (len(strange) > SHOWN)}. "
            "Add them to `label_map` of the collection, or to its `ignore_classes` to leave their images out."
        )
    return labels.where(labels != "")


def class_of_folder(images: RawImages, known: Sequence[str], label_map: Mapping[str, str]) -> pd.Series:
    """Return labels by image: the name of the first folder below that of the images, or in the .zip, as `classes_of`.

    Raises InputError if an image is in no folder.
    """
    path = images.path
    files = {
        name: PurePath(file if images.archive else os.path.relpath(file, path)) for name, file in images.files.items()
    }
    loose = [file for file in files.values() if len(file.parts) == 1]
    if loose:
        raise InputError(
            f"{path} has {len(loose)} images in no folder, the first is {loose[0]}: put each into that of its class."
        )
    folders = pd.Series({name: shown(file.parts[0]) for name, file in files.items()}, dtype=str)
    return classes_of(folders, f"The folder {path}", known, label_map).dropna().rename("label")


def check_columns(path: str | Path, table: pd.DataFrame, key: str, known: Sequence[str], image: pd.Series) -> None:
    """Raise InputError if a column that is not `known` resembles a class: only 0 and 1, and at least one 1."""
    for place, name in enumerate(table.columns):
        if name in (key, *known, *WEIGHTS, ""):
            continue
        marks = zeros_and_ones(table.iloc[:, place])
        if marks.isin([0, 1]).all() and marks.any():
            row = marks.idxmax()
            raise InputError(
                f"{path} row {row} ({image[row]}) has 1 in column {name!r}, which is not one of `classes`: add it to "
                f"`classes`, or to `ignore_classes` of the collection, or remove the column if it is not a class."
            )


def one_label(path: str | Path, cells: pd.DataFrame, image: pd.Series, or_none: bool) -> pd.Series:
    """Return the column of the 1, or TRUE, in each row of `cells`. Raises InputError unless a row is one 1 and else 0.

    With `or_none`, rows of 0 have a missing label.
    """
    remedy = "put 1 in exactly one class column and 0 in all others."
    ones = cells.apply(marks)
    good = ones.isin([0, 1])
    if not good.all(axis=None):
        row = (~good.all(axis=1)).idxmax()
        name = (~good.loc[row]).idxmax()
        what = f"{cells.loc[row, name]!r}" if clean(cells.loc[row, name]) else "an empty cell"
        raise InputError(f"{path} row {row} ({image[row]}) has {what} in column {name!r}: {remedy}")
    count = ones.sum(axis=1)
    wrong = (count > 1) | ((count == 0) & (not or_none))
    if wrong.any():
        row = wrong.idxmax()
        raise InputError(f"{path} row {row} ({image[row]}) has {count[row]:.0f} labels: {remedy}")
    return ones.idxmax(axis=1).where(count == 1) if len(ones) else pd.Series(dtype=str)
