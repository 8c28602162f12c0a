"""Conflicting labels: images of one lesion, or of the same picture, with different classes."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.data.duplicates import component_labels, correlations
from lesionflow.files import InputError

NAMES = {
    "lesion": "lesion",
    "file": "file",
    "pixels": "picture",
    "copy": "picture",
    "near_duplicate": "nearly the same picture",
}
# Near duplicates with a lower correlation are a guess, which is sometimes wrong among tens of thousands of images.
CERTAIN = ("lesion", "file", "pixels", "copy")
# 95 % of 150 photographs, saved at lower quality or at half and a quarter of the size, correlate more strongly with
# the original; the maximum over 600,000 pairs of different lesions is 0.987.
COPY = 0.995
COLUMNS = ["kind", "value", "image", "label"]


def find_conflicts(
    described: pd.DataFrame,
    duplicates: pd.DataFrame,
    classes: Sequence[str],
    read: Callable[[pd.Series], np.ndarray],
) -> pd.DataFrame:
    """Return conflicts.csv, with columns COLUMNS: the images of each set that has several of `classes`.

    `described` is from `describe_images`, `duplicates` from `find_duplicates`; `read` returns packed pixels.
    `kind` is what the images of a set have in common, `value` identifies the set. Each set is listed once, under the
    first matching kind of NAMES. A copy is a near duplicate that differs no more than the same picture at another size
    or quality.
    """
    used = described[described["label"].isin(classes)].merge(duplicates, on="image").sort_values("image")
    used = used.assign(copy=copies(used, read))
    found, seen = [pd.DataFrame(columns=COLUMNS)], set()
    for kind in NAMES:
        several = used[used.groupby(kind)["label"].transform("nunique") > 1]
        for value, images in several.groupby(kind):
            members = frozenset(images["image"])
            if members not in seen:
                seen.add(members)
                found.append(images.assign(kind=kind, value=value)[COLUMNS])
    return pd.concat(found, ignore_index=True)


def copies(used: pd.DataFrame, read: Callable[[pd.Series], np.ndarray]) -> pd.Series:
    """Return the set of copies of each image, named by its first image; missing where no labels conflict.

    `used` has image, label and near_duplicate; `read` returns the packed pixels of images. Only near duplicates with
    different labels are compared.
    """
    found = pd.Series(None, index=used.index, dtype="string")
    several = used[used.groupby("near_duplicate")["label"].transform("nunique") > 1]
    for _, images in several.groupby("near_duplicate"):
        one, other = np.triu_indices(len(images), 1)
        pixels = read(images["image"])
        pairs = np.column_stack([one, other])[correlations(pixels[one], pixels[other]) >= COPY]
        found[images.index] = component_labels(images["image"].reset_index(drop=True), pairs).to_numpy()
    return found


def evidence(manifest: pd.DataFrame, conflicts: pd.DataFrame) -> str:
    """Return a summary for the report: numbers of images with known lesion or patient, and of sets in conflicts.csv."""
    kinds = conflicts.drop_duplicates(["kind", "value"])["kind"].value_counts()
    listed = ", ".join(f"{count} by {kind.replace('_', ' ')}" for kind, count in kinds.items())
    return (
        f"Lesion known for {manifest['lesion'].notna().sum():,} of {len(manifest):,} images, patient for "
        f"{manifest['patient'].notna().sum():,}; {kinds.sum()} conflicts: "
        f"lesions or pictures that have more than one class{f' ({listed}; conflicts.csv lists them)' * bool(listed)}."
    )


def left_out(conflicts: pd.DataFrame, on_conflict: str, path: str | Path) -> dict[str, str]:
    """Return the reason for exclusion by image, for images in `conflicts` (conflicts.csv at `path`) if `on_conflict` is
    "drop"; empty if they are used.

    Raises InputError if `on_conflict` is "fail" and images that are certainly one lesion or picture conflict.
    """
    sets = {key: images for key, images in conflicts.groupby(["kind", "value"], sort=False)}
    if on_conflict == "drop":
        return {
            image: f"{NAMES[kind]} {value} has classes {' and '.join(sorted(set(images['label'])))}"
            for (kind, value), images in reversed(sets.items())
            for image in images["image"]
        }
    certain = {key: images for key, images in sets.items() if key[0] in CERTAIN}
    if certain and on_conflict == "fail":
        (kind, value), images = next(iter(certain.items()))
        named = ", ".join(f"{image} {label}" for image, label in images[["image", "label"]].head(5).to_numpy())
        raise InputError(
            f"{len(certain)} lesions or pictures have more than one class, the first is {NAMES[kind]} {value} "
            f"({named}); {path} lists all: correct the labels, or set `on_conflict: drop` to leave these images out, "
            f"or `keep` to use them."
        )
    if sets:
        logging.warning("%d sets of images have more than one class and are used unchanged, see %s", len(sets), path)
    return {}
