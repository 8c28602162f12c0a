"""The register of public splits: what it says of each, and the same counts from a list."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lesionflow.data.labels_and_metadata import describe_images, read_labels
from lesionflow.data.layout import NAMES
from lesionflow.data.user_tables import identifiers, read_table
from lesionflow.files import InputError
from lesionflow.splits.audit import audit
from lesionflow.splits.published_lists import list_digest
from lesionflow.splits.register_table import COUNTS, SIZES

CLASSES = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]  # of ISIC 2019


def official_tables(
    labels: str | Path, metadata: str | Path, isic2020: str | Path | None = None
) -> dict[str, pd.DataFrame | None]:
    """Return image, label, lesion and, if known, patient of all official images, by data set; None if not at hand.

    `labels` and `metadata` are those of ISIC 2019, which has all of HAM10000; `isic2020` is the training table of
    ISIC 2020 with lesions (version 2).
    """
    all_2019 = describe_images(read_labels(labels, CLASSES, ignored=["UNK"]), metadata)
    return {
        "ISIC 2019": all_2019[["image", "label", "lesion"]],
        "HAM10000": all_2019.loc[all_2019["archive"] == "HAM", ["image", "label", "lesion"]],
        "ISIC 2020": _isic2020(isic2020) if isic2020 else None,
    }


def _isic2020(path: str | Path) -> pd.DataFrame:
    names = ["image", "lesion", "patient"]
    table = read_table(path, {**{name: NAMES[name] for name in names}, "target": ("target",)}, [*names, "target"])
    label = table["target"].map({"1": "MEL", "0": "benign"})
    lesion, patient = identifiers(table["lesion"]), identifiers(table["patient"])
    return table[["image"]].assign(label=label, lesion=lesion, patient=patient)


def count(official: pd.DataFrame | None, split: pd.DataFrame) -> tuple[dict, pd.DataFrame]:
    """Return COUNTS of a split (image, part), None where unknown, and counts by class of the test images.

    The latter has label, test and test_sharing_lesion. `official` is one of `official_tables`. An image without lesion
    counts as sharing none, so that all numbers of images that share a lesion are lower bounds.
    """
    images = pd.Series(split["image"].unique(), name="image")
    part = {name: split.loc[split["part"] == name, "image"] for name in SIZES}
    counts = dict.fromkeys(COUNTS) | {name: len(members) for name, members in part.items()}
    counts["valid_also_test"] = int(part["valid"].isin(part["test"]).sum())
    # `_downsampled` is no part of the name of a picture.
    spelled = pd.DataFrame({"image": images, "label": None, "near_duplicate": images.str.removesuffix("_downsampled")})
    names = audit(spelled, split)
    counts["test_same_id_other_spelling"] = names["test"]["sharing"]["near_duplicate"]
    for name in ("test", "valid"):
        counts[f"{name}_sharing_file"] = names[name]["sharing"]["file"] or 0  # names are known of all
    if official is None:
        return counts, pd.DataFrame(columns=["label", "test", "test_sharing_lesion"])
    known = official.set_index("image").reindex(images).reset_index()
    by_class = _count_lesions(counts, known, split)
    counts["not_official_names"] = int((~images.isin(official["image"])).sum())
    counts["test_without_lesion_id"] = int(part["test"].isin(images[known["lesion"].isna()]).sum())
    if "patient" in known:
        sharing = audit(known[["image", "label", "patient"]], split)["test"]["sharing"]
        counts["test_sharing_patient"] = sharing["patient"]
    return counts, by_class


def _count_lesions(counts: dict, known: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Add to `counts` those that need lesions, and return those by class."""
    known = known[["image", "label", "lesion"]]
    found = audit(known, split)
    wider = split.assign(part=split["part"].replace("valid", "train")).drop_duplicates()
    with_valid = audit(known.assign(label=None), wider)
    test = found["test"]
    melanoma = test["by_class"].get("MEL", {"images": 0, "sharing": {"lesion": 0}})
    counts |= {
        "test_sharing_lesion": test["sharing"]["lesion"],
        "mel_test": melanoma["images"],
        "mel_sharing": melanoma["sharing"]["lesion"],
        "test_sharing_any": test["images_sharing"],
        "test_sharing_train_or_valid": with_valid["test"]["sharing"]["lesion"],
        "valid_sharing_lesion": found["valid"]["sharing"]["lesion"] if counts["valid"] else 0,
    }
    rows = [(name, each["images"], each["sharing"]["lesion"]) for name, each in test["by_class"].items()]
    return pd.DataFrame(rows, columns=["label", "test", "test_sharing_lesion"])


def audit_lists(
    register: pd.DataFrame, official: Mapping[str, pd.DataFrame | None], lists: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return audits.csv and classes.csv: COUNTS of each split of the register, and those by class (see `count`).

    `lists` has image and part of splits by name. Without a list there are no counts. `status` says in words whether
    list and counts are those of the register. Raises InputError if there is no list at all, or one of an unknown
    data set.
    """
    if not any(name in lists for name in register["name"]):
        raise InputError(
            "There is no list to audit: name the lists in `lists` of `register` like its splits, NAME.csv."
        )
    rows, classes = [], []
    for entry in register.to_dict("records"):
        about = {key: entry[key] for key in ("name", "dataset", "repository")}
        if entry["name"] not in lists:
            rows.append(about | {"status": "no list", "digest": None} | dict.fromkeys(COUNTS))
            continue
        if entry["dataset"] not in official:
            raise InputError(
                f"The register has data set {entry['dataset']!r} for {entry['name']}: use one of {', '.join(official)}."
            )
        split = lists[entry["name"]]
        counts, by_class = count(official[entry["dataset"]], split)
        digest = list_digest(split)
        rows.append(about | {"status": _status(entry, counts, digest), "digest": digest} | counts)
        classes.append(by_class.assign(name=entry["name"]))
    audits = pd.DataFrame(rows).astype(dict.fromkeys(COUNTS, "Int64"))
    return audits, pd.concat(classes)[["name", "label", "test", "test_sharing_lesion"]]


def _status(entry: Mapping, counts: Mapping, digest: str) -> str:
    given = [name for name in COUNTS if pd.notna(entry[name])]
    other = [name for name in given if counts[name] not in (None, entry[name])]
    unknown = [name for name in given if counts[name] is None]
    if pd.isna(entry["digest"]):
        return "the register has no digest yet"
    status = "the register's list" if digest == entry["digest"] else "not the register's list"
    status += f", other counts ({', '.join(f'{n} {counts[n]}, not {entry[n]}' for n in other)})" if other else ""
    return status + (f", not counted, as tables are missing: {', '.join(unknown)}" if unknown else "")
