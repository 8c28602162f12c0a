"""The manifest: label, patient data, lesion and storage position of every image."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.data.duplicates import component_labels, pairs_with_equal_value
from lesionflow.files import InputError

MANIFEST = [
    "image", "label", "lesion", "patient", "group", "archive", "age", "sex", "site", "skin_tone", "width", "height",
    "shard", "row",
]  # fmt: skip


def groups(table: pd.DataFrame, by: Sequence[str] = ("lesion", "patient")) -> pd.Series:
    """Return the group of each image, named by its first image: images that must stay in one part.

    Images are in one group if they share a known value of a column in `by`, or are duplicates, directly or through
    other images. `table` is sorted by image and has the columns `by` and, from `find_duplicates`, file, pixels and
    near_duplicate.
    """
    kinds = [name for name in (*by, "file", "pixels", "near_duplicate") if name in table]
    return component_labels(table["image"], np.concatenate([pairs_with_equal_value(table[name]) for name in kinds]))


def check_images(
    labels: pd.Series, names: Collection[str], on_missing_image: str, unread: Mapping[str, str] | None = None
) -> None:
    """Raise InputError if label rows have no image, unless `on_missing_image` is "skip".

    `unread` gives, by file or folder, the reason why it was not read.
    """
    missing = sorted(set(labels.index) - set(names))
    if missing and on_missing_image == "fail":
        raise InputError(
            f"{len(missing)} of {len(labels)} label rows have no image, the first is {missing[0]} (images have names "
            f"like {min(names, default='none')}): add the images, or set `on_missing_image: skip`."
            f"{unread_hint(missing, unread or {})}"
        )


def unread_hint(missing: Sequence[str], unread: Mapping[str, str]) -> str:
    """Return the reason in `unread` (by file) that explains a `missing` image, or else the first one."""
    lost = set(missing)
    hints = sorted(unread.items(), key=lambda item: Path(item[0]).stem not in lost)
    return f" {hints[0][1]}" if hints else ""


def reasons_against(table: pd.DataFrame, classes: Sequence[str], left_out: Mapping[str, str]) -> pd.Series:
    """Why each row of `table` (image, status, label) cannot be used; missing where it can. See `make_manifest`."""
    reason = table["image"].map(left_out).astype("string")
    reason = reason.mask(table["status"] != "ok", table["status"])
    reason = reason.mask(table["status"].isna(), "no image file")
    reason = reason.mask(table["label"].isna(), "no label row")
    ignored = table["label"].notna() & ~table["label"].isin(classes)
    return reason.mask(ignored, "class " + table["label"] + " is ignored")


def make_manifest(
    described: pd.DataFrame,
    packed: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    on_bad_image: str,
    duplicates: pd.DataFrame | None = None,
    left_out: Mapping[str, str] | None = None,
    group_by: Sequence[str] = ("lesion", "patient"),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join labels with the tables of packed images (by shard name): (manifest, rejected).

    `duplicates` is from `find_duplicates`, `left_out` as from `conflicts.left_out`, `group_by` as `by` in `groups`.

    The manifest has the columns MANIFEST and only usable images, sorted by name; `rejected` has image and reason of all
    other images and label rows. Raises InputError if a class has no usable image, or if `on_bad_image` is "fail" and an
    image cannot be decoded.
    """
    found = pd.concat([table.assign(shard=shard) for shard, table in packed.items()], ignore_index=True)
    table = described.merge(found, on="image", how="outer", validate="one_to_one")
    reason = reasons_against(table, classes, left_out or {})
    rejected = table.assign(reason=reason).loc[reason.notna(), ["image", "reason"]].sort_values("image")
    bad = rejected[rejected["reason"].str.startswith("cannot be decoded")]
    if len(bad) and on_bad_image == "fail":
        raise InputError(
            f"{len(bad)} images cannot be used, the first is {bad['image'].iloc[0]} ({bad['reason'].iloc[0]}): "
            f"replace them, or set `on_bad_image: reject`."
        )
    kept = table[reason.isna()].sort_values("image", ignore_index=True)
    empty = [c for c in classes if c not in set(kept["label"])]
    if empty:
        lost = table.assign(reason=reason)[table["label"] == empty[0]].sort_values("image")
        first = f" (the first of {len(lost)} is {lost['image'].iloc[0]}: {lost['reason'].iloc[0]})" if len(lost) else ""
        raise InputError(
            f"No usable image of class {empty[0]} is left{first}: replace them, or remove it from `classes`."
        )
    if duplicates is not None:
        kept = kept.drop(columns="pixels", errors="ignore").merge(duplicates, on="image", how="left")
    kept["group"] = groups(kept, group_by)
    return kept[MANIFEST].astype({"row": int, "width": int, "height": int}), rejected
