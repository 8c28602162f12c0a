"""Predictions for new images: names of results, and the table of predictions."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError, read_json


def set_name(images: str | Path) -> str:
    """Return the name of results for a folder or .zip of images: its own, without the suffix of a .zip.

    Characters that Snakemake or a shell may interpret are replaced by _.
    """
    path = Path(images).resolve()
    return re.sub(r"[^\w .()+@-]", "_", path.name if path.is_dir() else path.stem) or "_"


def source_of(images: str | Path) -> str:
    """Return the recorded path of images: relative if below the working directory, which may move, else absolute."""
    path = Path(images).resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def check_source(record: Path, images: str | Path) -> None:
    """Raise InputError if `record`, the model.json of earlier predictions, belongs to other images of the same name."""
    before = read_json(record).get("images") if record.exists() else None
    if before not in (None, source_of(images)):
        raise InputError(
            f"{record.parent} has predictions of other images with this name ({before}): rename or move that folder, "
            f"or rename {images}, and predict again."
        )


def readable(files: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `files` (image and status) that could be read. Raises InputError if there are none."""
    ok = files[files["status"] == "ok"]
    if ok.empty:
        first = files.iloc[0]
        raise InputError(
            f"None of {len(files)} images can be read, the first is {first['image']} ({first['status']}): "
            "check `images`."
        )
    return ok


def prediction_table(
    files: pd.DataFrame,
    probabilities: pd.DataFrame,
    class_names: Mapping[str, str],
    unread: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row per file: image, the probability of each class, predicted, probability, status, warning.

    `files` has image and status of all packed files, `probabilities` image and one column per class for readable ones,
    `unread` the reason by file name for files that were skipped; cells of unreadable files are empty. `warnings` are
    those of the model, repeated in every row. The first columns, up to the classes, are those of an ISIC submission.
    Raises InputError if a probability is not finite.
    """
    classes = list(probabilities.columns.drop("image"))
    finite = np.isfinite(probabilities[classes]).all(axis=1)
    if not finite.all():
        image = probabilities.loc[~finite, "image"].iloc[0]
        raise InputError(f"The model's probabilities for {image} are not finite: its weights are faulty, use another.")
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
    """Return a summary of the predictions at `path` for the user."""
    predicted = int((table["status"] == "ok").sum())
    unread = len(table) - predicted
    counts = f"{predicted} {'image' if predicted == 1 else 'images'} predicted"
    if unread:
        counts += f", {unread} {'file' if unread == 1 else 'files'} not: column status says why"
    return "\n".join([f"{counts} ({path}).", *filter(None, table["warning"].unique())])
