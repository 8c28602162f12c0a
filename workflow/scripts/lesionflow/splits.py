"""Which part (train, valid, test or unused) each image belongs to."""

import numpy as np
import pandas as pd

from lesionflow.files import InputError

PARTS = ("train", "valid", "test")


def split_by_group(manifest: pd.DataFrame, seed: int, test: int, valid: int, keep_for_training: float) -> pd.Series:
    """Part of each image, indexed like `manifest` (columns image, label, group); no group crosses parts.

    Test, then validation, take whole groups at random until each class has `test` or `valid` images there,
    fewer where that would leave less than the share `keep_for_training` of the class to training. What the
    last group has too many is unused. The rarest class draws first. The order of rows does not matter.
    """
    table = manifest[["image", "label", "group"]].sort_values("image")
    counts = table["label"].value_counts()
    labels = sorted(counts.index, key=lambda label: (counts[label], label))
    rank = table["label"].map({label: place for place, label in enumerate(labels)})
    drawn_for = rank.groupby(table["group"]).transform("min")  # near duplicates may join two classes
    random = np.random.default_rng(seed)
    drawn: dict[str, str] = {}  # group → part, in the order of drawing
    for place, label in enumerate(labels):
        sizes = table.loc[drawn_for == place, "group"].value_counts().sort_index()
        sizes = sizes.iloc[random.permutation(len(sizes))]
        spare = counts[label] - int(np.ceil(counts[label] * keep_for_training))
        share = min(1.0, spare / (test + valid))
        drawn |= _draw(sizes, {"test": round(test * share), "valid": int(valid * share)}, spare)
    part = table["group"].map(drawn).astype("string").fillna("train")
    turn = table["group"].map({group: turn for turn, group in enumerate(drawn)})
    place_in_part = turn.sort_values(kind="stable").groupby([table["label"], part]).cumcount().reindex(part.index)
    part = part.mask(place_in_part >= part.map({"test": test, "valid": valid}), "unused")
    check_parts(table["label"], part)
    return part.reindex(manifest.index).rename("part")


def _draw(sizes: pd.Series, wanted: dict[str, int], spare: int) -> dict[str, str]:
    """Take groups in the order given until each part has what it wants, never more than `spare` images."""
    drawn = {}
    groups = iter(sizes.items())
    for part, count in wanted.items():
        while count > 0 and (group := next(groups, None)):
            name, size = group
            if size <= spare:
                drawn[name] = part
                count -= size
                spare -= size
    return drawn


def check_parts(label: pd.Series, part: pd.Series) -> None:
    """Raise InputError where a class is missing from training, validation or test."""
    table = pd.crosstab(label, part).reindex(columns=list(PARTS), fill_value=0)
    for name, row in table.iterrows():
        if (row == 0).any():
            raise InputError(
                f"Class {name} ({(label == name).sum()} images) is too small for this split: none is left for "
                f"{row.idxmin()}. Add images of at least 3 lesions, lower `split: test` and `valid`, or take the "
                f"class out of `classes`."
            )
