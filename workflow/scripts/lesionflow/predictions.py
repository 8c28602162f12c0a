"""New images: what they are named, and what a model says of each."""

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError, read_json, value_digest


def given_images(value: object) -> str:
    """The folder or .zip that `images` of the config means.

    Snakemake makes numbers of 2024, 007 and 1e5 on its command line: what is meant is the one entry of the working
    directory of which it would make the same.
    """
    if isinstance(value, str) and value:
        if set(value) & set("{}<>"):
            raise InputError(
                f"`images` has one of the characters {{ }} < > in it ({value}), which Snakemake takes for its own: "
                "rename it, or make a link to it that has another name."
            )
        return value
    # By repr: True equals 1, and nan not itself.
    meant = [name for name in os.listdir() if repr(as_number(name)) == repr(value) and value is not None]
    if len(meant) != 1:
        raise InputError(
            f"`images` is {value!r} to Snakemake, and {len(meant) or 'no'} folders or .zip files here have a name of "
            "which it would make that: correct it, or write ./ before it, as in `--config images=./2024`."
        )
    return meant[0]


def as_number(text: str) -> bool | int | float | None:
    """What Snakemake makes of the word of a `--config` that is no text to it; None if it is."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return {"True": True, "False": False}.get(text)


def set_name(images: str | Path) -> str:
    """What results of a folder or .zip of images are named: as it is, without an ending of the .zip.

    Characters that Snakemake or a shell may take for their own are replaced by _.
    """
    path = Path(images).resolve()
    return re.sub(r"[^\w .()+@-]", "_", path.name if path.is_dir() else path.stem) or "_"


def source_of(images: str | Path) -> str:
    """Where images lie, as it is recorded: under the working directory relative to it, since that may move."""
    path = Path(images).resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def check_source(record: Path, images: str | Path) -> None:
    """Raise InputError where `record`, a model.json of earlier predictions, is of other images of the same name."""
    before = read_json(record).get("images") if record.exists() else None
    if before not in (None, source_of(images)):
        raise InputError(
            f"{record.parent} has predictions of other images with this name ({before}): rename or move that folder, "
            f"or rename {images}, and predict again."
        )


def listing_digest(images: str | Path) -> str:
    """SHA-256 of the names, sizes and times of the files in a folder; its own time, which Snakemake sees, misses most
    changes in it. A .zip has no files in it: its own time is enough.
    """
    files = sorted(Path(images).rglob("*"))
    return value_digest([(str(file), file.lstat().st_size, file.lstat().st_mtime_ns) for file in files])


def read_packed(table: str | Path) -> pd.DataFrame:
    """The table of a packed shard; images may have names such as 007 or NA."""
    return read_text(table, ["image", "status"])


def read_predictions(path: str | Path) -> pd.DataFrame:
    """predictions.csv, as `prediction_table` made it."""
    return read_text(path, ["image", "predicted", "status", "warning"])


def read_text(path: str | Path, text: Sequence[str]) -> pd.DataFrame:
    """A CSV whose columns `text` are as they stand there: only an empty cell is a missing value."""
    return pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])


def readable(files: pd.DataFrame) -> pd.DataFrame:
    """The rows of `files` (image and status) whose file could be read; InputError if there are none."""
    ok = files[files["status"] == "ok"]
    if ok.empty:
        first = files.iloc[0]
        raise InputError(f"None of {len(files)} images can be read, the first is {first['image']} ({first['status']}).")
    return ok


def prediction_table(
    files: pd.DataFrame,
    probabilities: pd.DataFrame,
    class_names: Mapping[str, str],
    unread: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per file: image, the probability of each class, predicted, probability, status, warning.

    `files` has image and status of all that were packed, `probabilities` image and one column per class of those that
    could be read, `unread` the reason by file name of those that were not even tried; cells of what could not be read
    are empty. `warnings` are of the model, and stand in every row. Up to the classes the columns are those of an ISIC
    submission. Raises InputError where a probability is not a number.
    """
    classes = list(probabilities.columns.drop("image"))
    finite = np.isfinite(probabilities[classes]).all(axis=1)
    if not finite.all():
        image = probabilities.loc[~finite, "image"].iloc[0]
        raise InputError(f"The model gives no probabilities for {image}: its weights are broken. Use another model.")
    others = pd.DataFrame({"image": list(unread or {}), "status": list((unread or {}).values())}, dtype=str)
    table = files[["image", "status"]].merge(probabilities, on="image", how="left", validate="one_to_one")
    table = pd.concat([table, others], ignore_index=True)
    ok = table["status"] == "ok"
    best = table.loc[ok, classes].idxmax(axis=1)
    table["predicted"] = best.map(lambda name: class_names.get(name, name))
    table["probability"] = table.loc[ok, classes].max(axis=1)
    table["warning"] = " ".join(warnings)
    return table[["image", *classes, "predicted", "probability", "status", "warning"]]


def summary(table: pd.DataFrame, path: str | Path) -> str:
    """What the user is told of predictions that lie at `path`."""
    predicted = int((table["status"] == "ok").sum())
    unread = len(table) - predicted
    counts = f"{predicted} {'image' if predicted == 1 else 'images'} predicted"
    if unread:
        counts += f", {unread} {'file' if unread == 1 else 'files'} not: column status says why"
    return "\n".join([f"{counts} ({path}).", *filter(None, table["warning"].unique())])
