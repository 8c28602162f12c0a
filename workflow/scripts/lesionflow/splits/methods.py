"""Split methods: the part (train, valid, test or unused) of each image."""

import random
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from lesionflow.files import InputError

PARTS = ("train", "valid", "test")


def draw_parts(manifest: pd.DataFrame, seed: int, method: str, **settings: Any) -> pd.DataFrame:
    """Return the contents of split.csv: image and part, sorted. An image in two parts is a leak."""
    return as_table(METHODS[method](manifest, seed, **settings))


def as_table(part: pd.Series) -> pd.DataFrame:
    """Return the contents of split.csv from the part of each image."""
    return part.rename_axis("image").reset_index().sort_values(["image", "part"], ignore_index=True)


def check_split(path: str | Path, split: pd.DataFrame, images: Collection[str]) -> None:
    """Raise InputError if a split (split.csv at `path`) does not contain exactly the manifest's `images`."""
    odd = sorted(set(images).symmetric_difference(split["image"].dropna()))
    strange = set(split["part"]) - {*PARTS, "unused", "clean"}
    if odd or strange:
        what = f"{len(odd)} images, the first is {odd[0]}, are in only one of it and manifest.csv" if odd else strange
        raise InputError(f"{path} is damaged ({what}): delete it and start again to recreate it.")


def split_by_group(
    manifest: pd.DataFrame, seed: int, test: int, valid: int, keep_for_training: float = 0.334
) -> pd.Series:
    """Return the part of each image of `manifest` (columns image, label, group); no group is in two parts.

    Test, then validation, take whole groups at random until each class has `test` or `valid` images there, fewer if
    that would leave less than the fraction `keep_for_training` of the class to training. Surplus images
    of the last group drawn are marked `unused`. The rarest class draws first. The order of rows does not matter.
    """
    part = _take_groups(manifest, seed, {"test": test, "valid": valid}, keep_for_training)
    check_parts(manifest.set_index("image")["label"][part.index], part)
    return part


def split_by_image(manifest: pd.DataFrame, seed: int, **settings: Any) -> pd.Series:
    """Split like split_by_group, but image by image: images of one lesion may be in different parts."""
    return split_by_group(manifest.assign(group=manifest["image"]), seed, **settings)


def fold_of_seed(seed: int, folds: int) -> tuple[int, int]:
    """Return the partition and the fold, both from 0, that the seed `seed` of the config stands for."""
    return divmod(seed - 1, folds)


def split_by_fold(
    manifest: pd.DataFrame, seed: int, folds: int, valid: int, keep_for_training: float = 0.334
) -> pd.Series:
    """As split_by_group, but each group is a test group once: cross-fitting.

    Seeds 1 to `folds` test the folds of one partition, the next `folds` seeds those of another one, and so on. Folds
    are stratified by class, and all images of a fold are tested. Raises InputError if a class has fewer groups than
    folds.
    """
    table = manifest[["image", "label", "group"]].sort_values("image", ignore_index=True)
    lesions = table.groupby("label")["group"].nunique()
    if (lesions < folds).any():
        raise InputError(
            f"Class {lesions.idxmin()} has images of {lesions.min()} lesions, fewer than the {folds} folds, each of "
            "which needs one: lower `split: folds`, add images, or remove the class from `classes`."
        )
    partition, fold = fold_of_seed(seed, folds)
    dealt = StratifiedGroupKFold(folds, shuffle=True, random_state=partition)
    _, tested = list(dealt.split(table, table["label"], table["group"]))[fold]
    rest = _take_groups(table.drop(tested), seed, {"valid": valid}, keep_for_training)
    part = pd.concat([rest, pd.Series("test", index=table.loc[tested, "image"])])[table["image"]]
    check_parts(table.set_index("image")["label"], part)
    return part.rename("part")


def split_by_archive(manifest: pd.DataFrame, seed: int, archive: str, test: int, **settings: Any) -> pd.Series:
    """Draw test images from `archive` only, training and validation images by group from the other archives.

    Only classes of the archive are tested. Groups that are partly in the archive are excluded from training.
    """
    check_archive(manifest, archive)
    inside = manifest["archive"] == archive
    held_out = inside.groupby(manifest["group"]).transform("any")
    others = split_by_group(manifest[~held_out], seed, test=test, **settings)
    # Its test images are left out, so that training gets no more images than under `by_group`.
    others = others.replace("test", "unused")
    shuffled = manifest[inside].sort_values("image").sample(frac=1, random_state=seed)
    tested = shuffled[shuffled.groupby("label").cumcount() < test]["image"]
    left = manifest.loc[held_out, "image"]
    held = pd.Series("unused", index=pd.Index(left)).mask(left.isin(tested).to_numpy(), "test")
    return pd.concat([others, held]).rename("part")


def split_as_published(manifest: pd.DataFrame, seed: int, test: int, valid: int) -> pd.Series:
    """Return the study's own split, whose test images are copies of the first training images of each class.

    The validation pool is the one that its code drew, for any `seed`: all names are shuffled by Python's random with
    seed 1234 and split into 10 chunks; the last fifth of each chunk forms the pool, of which the first `valid` images
    per class are used.
    """
    table = manifest[["image", "label"]].sort_values("image").set_index("image")["label"]
    names = list(table.index)
    random.Random(1234).shuffle(names)
    run = len(names) // 10
    fifth = run // 5
    runs = [names[start : start + run] for start in range(0, 9 * run, run)] + [names[9 * run :]]
    pool = [name for each in runs[:-1] for name in each[-fifth:]] + runs[-1][len(runs[-1]) - fifth + 1 :]
    pooled = table.index.isin(pool)
    part = pd.Series(np.where(pooled, "unused", "train"), index=table.index)
    part[table[pooled].groupby(table[pooled]).head(valid).index] = "valid"
    copies = table[~pooled].groupby(table[~pooled]).head(test).index
    part = pd.concat([part, pd.Series("test", index=copies)])
    check_parts(table.reindex(part.index), part)
    return part.rename("part")


def _take_groups(manifest: pd.DataFrame, seed: int, sizes: dict[str, int], keep_for_training: float) -> pd.Series:
    """Part of each image: images per class of the parts in `sizes`, in their order, the rest for training."""
    table = manifest[["image", "label", "group"]].sort_values("image")
    counts = table["label"].value_counts()
    labels = sorted(counts.index, key=lambda label: (counts[label], label))
    rank = table["label"].map({label: place for place, label in enumerate(labels)})
    drawn_for = rank.groupby(table["group"]).transform("min")  # near duplicates may join two classes
    generator = np.random.default_rng(seed)
    drawn: dict[str, str] = {}  # group → part, in the order of drawing
    for place, label in enumerate(labels):
        groups = table.loc[drawn_for == place, "group"].value_counts().sort_index()
        groups = groups.iloc[generator.permutation(len(groups))]
        spare = counts[label] - int(np.ceil(counts[label] * keep_for_training))
        share = min(1.0, spare / sum(sizes.values()))
        wanted = {part: int(size * share) for part, size in sizes.items()}
        if "test" in sizes:
            wanted["test"] = round(sizes["test"] * share)
        drawn |= _draw(groups, wanted, spare)
    part = table["group"].map(drawn).astype("string").fillna("train")
    turn = table["group"].map({group: turn for turn, group in enumerate(drawn)})
    place_in_part = turn.sort_values(kind="stable").groupby([table["label"], part]).cumcount().reindex(part.index)
    part = part.mask(place_in_part >= part.map(sizes), "unused")
    return part.set_axis(table["image"]).rename("part")


def _draw(sizes: pd.Series, wanted: dict[str, int], spare: int) -> dict[str, str]:
    """Assign groups in the given order until each part has the `wanted` number of images, at most `spare` in all."""
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


def check_archive(manifest: pd.DataFrame, archive: str) -> None:
    """Raise InputError if no image is from `archive`."""
    known = sorted(manifest["archive"].unique())
    if archive not in known:
        raise InputError(f"No image is of archive {archive!r} (there are {', '.join(known)}): correct `archive`.")


def check_parts(label: pd.Series, part: pd.Series) -> None:
    """Raise InputError if a class is missing from training, validation or test."""
    table = pd.crosstab(label, part).reindex(columns=list(PARTS), fill_value=0)
    for name, row in table.iterrows():
        if (row == 0).any():
            raise InputError(
                f"Class {name} ({(label == name).sum()} images) is too small for this split: none is left for "
                f"{row.idxmin()}. Add images of at least 3 lesions, lower `split: test`, `valid` or "
                f"`keep_for_training`, or take the class out of `classes`."
            )


METHODS: dict[str, Callable[..., pd.Series]] = {
    "by_group": split_by_group,
    "by_image": split_by_image,
    "by_archive": split_by_archive,
    "by_fold": split_by_fold,
    "as_published": split_as_published,
}
