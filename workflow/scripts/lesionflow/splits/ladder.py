"""Rungs of the ladder: splits that leak less and less, with equal training sets and the same clean images."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lesionflow.files import InputError
from lesionflow.splits.methods import check_archive, split_by_group

# The images a rung may train on, and those it tests on; without the latter, it tests on copies of the former.
Pool = tuple[pd.DataFrame, pd.DataFrame | None]


def split_rung(
    manifest: pd.DataFrame, seed: int, rung: str, rungs: Sequence[str], archive: str, test: int, **sizes: Any
) -> pd.Series:
    """Return the part of each image under one of RUNGS; parts are train, valid, test, clean and unused.

    Clean images are the test images of `split_by_group` and share nothing with the training images of any rung;
    validation images are its validation images. Test images differ: copies of training images (as_published), other
    images of partly the same lesions (random_split), the clean images (corrected), images of an `archive` that is not
    in training (unseen_archive). All `rungs` have the same number of training images per class, as far as possible the
    same ones. An image may be in two parts. Raises InputError if a class has no training image.
    """
    if "unseen_archive" in rungs:
        check_archive(manifest, archive)
    table = manifest.sort_values("image").set_index("image")
    base = split_by_group(manifest, seed, test, **sizes)
    shuffled = table.sample(frac=1, random_state=seed)
    pools = {name: RUNGS[name](shuffled, base, test, archive) for name in {*rungs, rung}}
    counts = pd.DataFrame({name: pool["label"].value_counts() for name, (pool, _) in pools.items()})
    counts = counts.reindex(table["label"].unique()).fillna(0).min(axis=1)
    if (counts == 0).any():
        raise InputError(
            f"The ladder leaves class {counts.idxmin()} without a training image: take a rung out of `ladder: rungs`, "
            f"or lower `split: test` and `valid` of its recipe."
        )
    pool, tested = pools[rung]
    train = pool[pool.groupby("label").cumcount() < pool["label"].map(counts)]
    if tested is None:
        tested = train.sort_index().groupby("label").head(test)
    valid = base.index[base == "valid"]
    if rung == "unseen_archive":
        valid = valid[table.loc[valid, "archive"] != archive]
    clean = base.index[base == "test"]
    parts = {"train": train.index, "valid": valid, "test": tested.index, "clean": clean}
    part = pd.concat([pd.Series(name, index=images) for name, images in parts.items()])
    unused = table.index.difference(part.index)
    return pd.concat([part, pd.Series("unused", index=unused)]).rename("part")


def check_same_training(
    path: str | Path,
    own: tuple[pd.DataFrame, pd.DataFrame],
    trained: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """Raise InputError if a rung cannot take the models of another one, which was trained on a different list.

    Both are given as split.csv and training.csv; `path` is the training.csv of the rung.
    """
    valid = [set(split.loc[split["part"] == "valid", "image"]) for split, _ in (own, trained)]
    if valid[0] != valid[1] or not own[1].equals(trained[1]):
        raise InputError(
            f"{path} or the validation images of its rung are not those of the rung that trains for it: delete "
            "training.csv and split.csv of both, and start again to recreate them."
        )


def _copied(shuffled: pd.DataFrame, base: pd.Series, test: int, archive: str) -> Pool:
    return shuffled[base[shuffled.index] == "train"], None


def _by_image(shuffled: pd.DataFrame, base: pd.Series, test: int, archive: str) -> Pool:
    """Tests on at most a third of each class, so that enough images remain for training."""
    pool = shuffled[base[shuffled.index] == "train"]
    size = pool.groupby("label")["label"].transform("size")
    tested = pool.groupby("label").cumcount(ascending=False) < np.minimum(test, size // 3)
    return pool[~tested], pool[tested]


def _by_group(shuffled: pd.DataFrame, base: pd.Series, test: int, archive: str) -> Pool:
    part = base[shuffled.index]
    return shuffled[part == "train"], shuffled[part == "test"]


def _by_archive(shuffled: pd.DataFrame, base: pd.Series, test: int, archive: str) -> Pool:
    part, inside = base[shuffled.index], shuffled["archive"] == archive
    touched = inside.groupby(shuffled["group"]).transform("any")
    held_out = shuffled[inside & (part != "valid")]
    return shuffled[(part == "train") & ~touched], held_out[held_out.groupby("label").cumcount() < test]


RUNGS: dict[str, Callable[..., Pool]] = {
    "as_published": _copied,
    "random_split": _by_image,
    "corrected": _by_group,
    "unseen_archive": _by_archive,
}
