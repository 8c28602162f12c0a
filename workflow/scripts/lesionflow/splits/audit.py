"""Audit of leakage: test and validation images that share something with training, by class and kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError
from lesionflow.lists import read_duplicates, read_parts, read_training
from lesionflow.splits.methods import check_split

KINDS = ("file", "pixels", "near_duplicate", "lesion", "patient", "smote_parent")
PEOPLE = ("lesion", "patient")  # what metadata may not know of an image


def audit(known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None) -> dict:
    """Return the contents of leakage.json.

    `known` has the columns image, label, and those of file, pixels, near_duplicate, lesion and patient that are known;
    images with equal values share that kind. `split` has image and part; an image in two parts shares its file with
    itself. `parents` are the images from which synthetic training images were made, if known. Each kind is counted
    among the images for which it is known. It is None for a part, or a class in it, if it is known for none of its
    images or for no training image.
    """
    known = known.set_index("image")
    crossings = find_crossings(known, split, parents)
    result = {}
    for part in crossings:
        members = split.loc[split["part"] == part, "image"]
        sharing = crossings[part]
        label = known["label"].reindex(members).to_numpy()
        classes = {str(name): _count(sharing[label == name]) for name in sorted(set(label[pd.notna(label)]))}
        result[part] = _count(sharing) | {"by_class": classes}
    images = split.loc[split["part"].isin(["train", *result]), "image"].unique()
    counts = {kind: int(known[kind].reindex(images).notna().sum()) if kind in known else 0 for kind in PEOPLE}
    leaky = any(found["images_sharing"] > 0 for found in result.values())
    return result | {"known": counts, "images_audited": len(images), "leaky": leaky}


def audit_external(manifest: pd.DataFrame, others: pd.DataFrame, split: pd.DataFrame, duplicates: pd.DataFrame) -> dict:
    """Return the audit of another collection, of which all images are tested.

    `manifest` and `others` have image, label, lesion and patient; `split` is that of the training images, and
    `duplicates` has the images of both collections.
    """
    parts = pd.concat([split[split["part"] == "train"], others[["image"]].assign(part="test")])
    return audit(with_duplicates(pd.concat([manifest, others]), duplicates), parts)


def find_crossings(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None
) -> Mapping[str, pd.DataFrame]:
    """Return, for test, valid and (if present) clean, a table with one row per image and one boolean column per kind.

    Cells are true if the kind is shared with training, and missing if it is unknown for the image or for all training
    images. `known` is indexed by image. If files are unknown, an image that is also in training shares its file.
    """
    training = split.loc[split["part"] == "train", "image"]
    kinds = [kind for kind in KINDS if kind in known]
    crossings = {}
    for part in ("test", "valid", *(["clean"] if (split["part"] == "clean").any() else [])):
        members = split.loc[split["part"] == part, "image"]
        shared = pd.DataFrame(index=members)
        again = members.isin(training).to_numpy()
        if "file" in kinds or again.any():
            shared["file"] = pd.array(again, dtype="boolean")
        for kind in kinds:
            values, theirs = known[kind].reindex(members), known[kind].reindex(training).dropna()
            found = pd.array((values.notna() & values.isin(theirs)).to_numpy(dtype=bool), dtype="boolean")
            found[values.isna().to_numpy() | theirs.empty] = pd.NA
            shared[kind] = found | again if kind == "file" else found
        if parents is not None:
            shared["smote_parent"] = pd.array(members.isin(parents).to_numpy(), dtype="boolean")
        crossings[part] = shared
    return crossings


def raise_if_leaky(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None, leaky: bool = False
) -> None:
    """Raise InputError, which names images, if a part shares anything with training.

    Under a `leaky` protocol test and validation images may share, clean images never.
    """
    for part, shared in find_crossings(known.set_index("image"), split, parents).items():
        if leaky and part != "clean":
            continue
        crossing = shared[_any(shared)]
        if len(crossing):
            kinds = " and ".join(kind for kind in KINDS if kind in crossing and crossing[kind].any())
            names = ", ".join(crossing.index[:5]) + (", …" if len(crossing) > 5 else "")
            raise InputError(
                f"{len(crossing)} of {len(shared)} {part} images share {kinds} with training ({names}): fix the "
                f"split, or mark the protocol `leaky: true`, which is then said wherever its numbers appear."
            )


def read_audited(
    manifest: pd.DataFrame, split_csv: str | Path, training_csv: str | Path, duplicates_csv: str | Path, leaky: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return split.csv and training.csv after an audit: the gate before every step that uses a training list.

    Raises InputError if the list shares anything with test or validation images (see `raise_if_leaky`), or if the
    files are inconsistent, so that no step can train on a list that was not audited.
    """
    split, training, duplicates = read_parts(split_csv), read_training(training_csv), read_duplicates(duplicates_csv)
    check_duplicates(duplicates_csv, duplicates, manifest["image"])
    check_split(split_csv, split, manifest["image"])
    check_training(training_csv, training, split, manifest.set_index("image")["label"])
    raise_if_leaky(with_duplicates(manifest, duplicates), split, smote_parents(training), leaky)
    return split, training


def with_duplicates(manifest: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the table `known` of `audit`: image, label, lesion, patient, file, pixels and near_duplicate."""
    return manifest[["image", "label", *PEOPLE]].merge(duplicates, on="image", how="left")


def smote_parents(training: pd.DataFrame) -> pd.Series:
    """Return the parents of the synthetic images of a training list."""
    synthetic = training[training["neighbour"].notna()]
    return pd.concat([synthetic["image"], synthetic["neighbour"]])


def check_duplicates(path: str | Path, duplicates: pd.DataFrame, images: pd.Series) -> None:
    """Raise InputError if `duplicates` (duplicates.csv at `path`) lacks one of `images` or has an empty cell for it."""
    missing = images[~images.isin(duplicates.dropna()["image"])].tolist()
    if missing:
        raise InputError(
            f"{path} is damaged ({_named(missing)} are not in it): delete it and start again to recreate it."
        )


def check_training(path: str | Path, training: pd.DataFrame, split: pd.DataFrame, label: pd.Series) -> None:
    """Raise InputError if a training list (training.csv at `path`) is inconsistent with the training part of `split`.

    Real images and both parents of synthetic images must be in that part, with their `label` (by image).
    """
    parents = training[["neighbour", "label"]].rename(columns={"neighbour": "image"}).dropna(subset="image")
    rows = pd.concat([training[["image", "label"]], parents])
    again = f"delete {path} and start again to recreate it."
    outside = rows.loc[~rows["image"].isin(split.loc[split["part"] == "train", "image"]), "image"].unique()
    if len(outside):
        raise InputError(f"{path} lists {_named(outside)} that the split does not assign to training: {again}")
    wrong = rows.loc[rows["label"] != rows["image"].map(label), "image"].unique()
    if len(wrong):
        raise InputError(f"{path} gives {_named(wrong)} another class than the labels do: {again}")
    odd = training.loc[training["neighbour"].notna() & ~training["weight"].between(0, 1), "image"].unique()
    if len(odd):
        raise InputError(f"{path} gives {_named(odd)} a weight outside 0 to 1: {again}")
    absent = set(split.loc[split["part"] == "train", "image"].map(label)) - set(training["label"])
    if absent:
        raise InputError(f"{path} has no image of class {min(absent)}, which the split has in training: {again}")


def _named(images: Sequence[str]) -> str:
    return f"{len(images)} images ({', '.join(images[:5])}{', …' if len(images) > 5 else ''})"


def _count(shared: pd.DataFrame) -> dict:
    known = shared.columns[shared.notna().any()]
    return {
        "images": len(shared),
        "images_sharing": int(_any(shared).sum()),
        "sharing": {kind: int(shared[kind].sum()) if kind in known else None for kind in KINDS},
    }


def _any(shared: pd.DataFrame) -> np.ndarray:
    """Return, per image, whether it shares any known kind."""
    return shared.to_numpy(dtype=bool, na_value=False).any(axis=1)


def table(result: Mapping) -> pd.DataFrame:
    """Return an audit as a table: part, class (first "all"), images, images_sharing, and one column per kind.

    Unknown kinds are "unknown".
    """
    rows = []
    for part in [part for part in ("test", "valid", "clean") if part in result]:
        for name, counts in {"all": result[part], **result[part]["by_class"]}.items():
            if counts["images"]:
                row = {"part": part, "class": name, "images": counts["images"]}
                sharing = {kind: "unknown" if count is None else count for kind, count in counts["sharing"].items()}
                rows.append(row | {"images_sharing": counts["images_sharing"]} | sharing)
    return pd.DataFrame(rows)
