"""How many test and validation images share something with training, by class and by what they share."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.files import InputError
from lesionflow.lists import read_duplicates, read_parts, read_training
from lesionflow.splits.methods import check_split

KINDS = ("file", "pixels", "near_duplicate", "lesion", "smote_parent")


def audit(known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None) -> dict:
    """The contents of leakage.json.

    `known` has image, label, and of file, pixels, near_duplicate and lesion those that are known: two images share
    a thing when they have the same value. `split` has image and part; an image may stand in two parts, and then
    shares its file with itself. `parents` names the images that synthetic training images were made from, if that is
    known. A kind is counted among the images that it is known for; it is None for a part, or a class in it, where it is
    known for no image, or for no training image.
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
    lesions = known["lesion"].reindex(images).notna().sum() if "lesion" in known else 0
    leaky = any(counts["images_sharing"] > 0 for counts in result.values())
    return result | {"known": {"lesion": int(lesions)}, "images_audited": len(images), "leaky": leaky}


def find_crossings(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None
) -> Mapping[str, pd.DataFrame]:
    """For test, valid and, where there are any, clean: one row an image, one boolean column a kind.

    A cell says whether it is shared with training, and is missing where that is not known: for the image, or for all
    of training. `known` is indexed by image. Where files are not known, an image that also stands in training shares
    one.
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
    """Raise InputError, which names images, where any part shares anything with training.

    What is `leaky` may share in test and validation, but clean images are clean everywhere.
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
    """split.csv and a training.csv, for every step that uses what is in them: the gate before it.

    Raises InputError where the list shares anything with what is tested (see `raise_if_leaky`), or where the files
    do not fit each other, so that no step can train on what was not audited.
    """
    split, training, duplicates = read_parts(split_csv), read_training(training_csv), read_duplicates(duplicates_csv)
    check_duplicates(duplicates_csv, duplicates, manifest["image"])
    check_split(split_csv, split, manifest["image"])
    check_training(training_csv, training, split, manifest.set_index("image")["label"])
    raise_if_leaky(with_duplicates(manifest, duplicates), split, smote_parents(training), leaky)
    return split, training


def with_duplicates(manifest: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """What `audit` must know of each image: image, label, lesion, file, pixels and near_duplicate."""
    return manifest[["image", "label", "lesion"]].merge(duplicates, on="image", how="left")


def smote_parents(training: pd.DataFrame) -> pd.Series:
    """The images that the synthetic ones of a training list were made from."""
    synthetic = training[training["neighbour"].notna()]
    return pd.concat([synthetic["image"], synthetic["neighbour"]])


def check_duplicates(path: str | Path, duplicates: pd.DataFrame, images: pd.Series) -> None:
    """Raise InputError where `duplicates` (duplicates.csv at `path`) lacks any of `images`, or what one equals."""
    missing = images[~images.isin(duplicates.dropna()["image"])].tolist()
    if missing:
        raise InputError(
            f"{path} is damaged ({_named(missing)} are not in it): delete it and start again to recreate it."
        )


def check_training(path: str | Path, training: pd.DataFrame, split: pd.DataFrame, label: pd.Series) -> None:
    """Raise InputError where a training list (training.csv at `path`) is not of what `split` has in training.

    Real images and both parents of synthetic ones must be there, under their `label` (by image).
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
    """Which images share any kind that is known."""
    return shared.to_numpy(dtype=bool, na_value=False).any(axis=1)


def table(result: Mapping) -> pd.DataFrame:
    """An audit as a table: part, class (first "all"), images, images_sharing, and one column a kind.

    A kind of which nothing is known is "unknown".
    """
    rows = []
    for part in [part for part in ("test", "valid", "clean") if part in result]:
        for name, counts in {"all": result[part], **result[part]["by_class"]}.items():
            if counts["images"]:
                row = {"part": part, "class": name, "images": counts["images"]}
                sharing = {kind: "unknown" if count is None else count for kind, count in counts["sharing"].items()}
                rows.append(row | {"images_sharing": counts["images_sharing"]} | sharing)
    return pd.DataFrame(rows)
