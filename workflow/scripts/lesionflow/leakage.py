"""How many test and validation images share something with training, by class and by what they share."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lesionflow.files import InputError
from lesionflow.images import SUFFIXES
from lesionflow.manifest import read_csv

KINDS = ("file", "pixels", "near_duplicate", "lesion", "smote_parent")


def audit(known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None) -> dict:
    """The contents of leakage.json.

    `known` has image, label, and of file, pixels, near_duplicate and lesion those that are known: two images share
    a thing when they have the same value. `split` has image and part; an image may stand in two parts, and then
    shares its file with itself. `parents` names the images that synthetic training images were made from.
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
    return result | {"leaky": any(counts["images_sharing"] > 0 for counts in result.values())}


def find_crossings(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None
) -> Mapping[str, pd.DataFrame]:
    """For test, valid and, where there are any, clean: one row an image, one boolean column a kind.

    A cell says whether it is shared with training.

    `known` is indexed by image. A kind that is not known of any image is False throughout.
    """
    training = split.loc[split["part"] == "train", "image"]
    crossings = {}
    for part in ("test", "valid", *(["clean"] if (split["part"] == "clean").any() else [])):
        members = split.loc[split["part"] == part, "image"]
        shared = pd.DataFrame(False, index=members, columns=list(KINDS))
        for kind in KINDS:
            if kind in known:
                values = known[kind].reindex(members)
                shared[kind] = (values.notna() & values.isin(known[kind].reindex(training).dropna())).to_numpy()
        shared["file"] |= members.isin(training).to_numpy()
        if parents is not None:
            shared["smote_parent"] = members.isin(parents).to_numpy()
        crossings[part] = shared
    return crossings


def refuse_crossings(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None, leaky: bool = False
) -> None:
    """Raise InputError, which names images, where any part shares anything with training.

    What is `leaky` may share in test and validation, but clean images are clean everywhere.
    """
    for part, shared in find_crossings(known.set_index("image"), split, parents).items():
        if leaky and part != "clean":
            continue
        crossing = shared[shared.any(axis=1)]
        if len(crossing):
            kinds = " and ".join(kind for kind in KINDS if crossing[kind].any())
            names = ", ".join(crossing.index[:5]) + (", …" if len(crossing) > 5 else "")
            raise InputError(
                f"{len(crossing)} of {len(shared)} {part} images share {kinds} with training ({names}): mend the "
                f"split, or mark the protocol `leaky: true`, which is then said wherever its numbers appear."
            )


def refuse_leaks(
    duplicates: pd.DataFrame, manifest: pd.DataFrame, split: pd.DataFrame, training: pd.DataFrame, leaky: bool
) -> None:
    """The gate before any use of a training list: InputError where it shares anything with what is tested.

    duplicates.csv, manifest.csv, split.csv and training.csv are read by every step that trains, so that none can
    train on what was not audited.
    """
    known = manifest[["image", "label", "lesion"]].merge(duplicates, on="image", how="left")
    synthetic = training[training["neighbour"].notna()]
    refuse_crossings(known, split, pd.concat([synthetic["image"], synthetic["neighbour"]]), leaky)


def _count(shared: pd.DataFrame) -> dict:
    return {
        "images": len(shared),
        "images_sharing": int(shared.any(axis=1).sum()),
        "sharing": {kind: int(shared[kind].sum()) for kind in KINDS},
    }


def table(result: dict) -> pd.DataFrame:
    """An audit as a table: part, class (first "all"), images, images_sharing, and one column a kind."""
    rows = []
    for part in [part for part in result if part != "leaky"]:
        for name, counts in {"all": result[part], **result[part]["by_class"]}.items():
            if counts["images"]:
                row = {"part": part, "class": name, "images": counts["images"]}
                rows.append(row | {"images_sharing": counts["images_sharing"]} | counts["sharing"])
    return pd.DataFrame(rows)


PART_NAMES = {"train": "train", "training": "train", "test": "test"}
PART_NAMES |= dict.fromkeys(("valid", "validation", "val", "dev"), "valid")


def read_split(path: str | Path, part_column: str = "part") -> pd.DataFrame:
    """Image and part (train, valid or test) from a CSV, or from a folder with one folder of images a part."""
    path = Path(path)
    if path.is_dir():
        files = [file.relative_to(path) for file in sorted(path.glob("*/**/*")) if file.suffix.lower() in SUFFIXES]
        split = pd.DataFrame({"image": [file.stem for file in files], "part": [file.parts[0] for file in files]})
    else:
        split = read_csv(path, ["image", part_column]).rename(columns={part_column: "part"})[["image", "part"]]
    split["part"] = split["part"].astype(str).str.lower().map(PART_NAMES)
    for part in ("train", "test"):
        if not (split["part"] == part).any():
            raise InputError(
                f"{path} has no image in part {part!r}: name the parts train, valid and test in column "
                f"{part_column!r} (`part_column` of `audit`) or by folder."
            )
    return split.dropna()
