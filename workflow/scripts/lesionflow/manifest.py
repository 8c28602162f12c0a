"""What is known of every image: label, patient data, lesion, and where its pixels lie."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.duplicates import equal_pairs, name_sets
from lesionflow.files import InputError

# ISIC's column names, and ours.
METADATA = {
    "lesion_id": "lesion",
    "age_approx": "age",
    "sex": "sex",
    "anatom_site_general": "site",
    "archive": "archive",
}
MANIFEST = [
    "image", "label", "lesion", "group", "archive", "age", "sex", "site", "width", "height", "shard", "row",
]  # fmt: skip


def read_csv(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV whose `image` names are unique and which has all `columns`, or say what is wrong."""
    try:
        table = pd.read_csv(path, dtype={"image": str, "lesion_id": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as CSV ({error}): save it as comma-separated UTF-8.") from None
    missing = [column for column in columns if column not in table]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r} (it has {', '.join(map(str, table.columns))}): "
            f"add the column or rename the one that holds it."
        )
    twice = table[table["image"].duplicated()]
    if len(twice):
        raise InputError(
            f"{path} row {twice.index[0] + 2} names image {twice['image'].iloc[0]} a second time: keep one of them."
        )
    return table


def read_labels(path: str | Path, classes: Sequence[str], ignored: Sequence[str] = ()) -> pd.Series:
    """Labels by image, from a CSV of one 0/1 column a class; those of `ignored` classes are kept as they are.

    Any further column of 0 and 1 is taken for a class that the config does not know, and must be all 0.
    """
    table = read_csv(path, ["image", *classes]).set_index("image")
    marks = table.apply(pd.to_numeric, errors="coerce")
    known = [*classes, *(name for name in ignored if name in marks)]
    for name in marks.columns.difference(known):
        if marks[name].isin([0, 1]).all() and marks[name].any():
            row = int(marks[name].to_numpy().argmax())
            raise InputError(
                f"{path} row {row + 2} ({marks.index[row]}) is of class {name!r}, which `classes` does not have: "
                f"add it there, or to `ignore_classes` of the collection."
            )
    marks = marks[known]
    good = marks.isin([0, 1]).all(axis=1) & (marks.sum(axis=1) == 1)
    if not good.all():
        row = int((~good).to_numpy().argmax())
        raise InputError(
            f"{path} row {row + 2} ({marks.index[row]}) has {int((marks.iloc[row] == 1).sum())} labels: "
            f"put 1 in exactly one class column and 0 in all others."
        )
    labels = marks.idxmax(axis=1)
    empty = [name for name in classes if name not in set(labels)]
    if empty:
        raise InputError(f"{path} has no image of class {empty[0]}: add some, or take it out of `classes`.")
    return labels.rename("label")


def archives(lesions: pd.Series, without_lesion: str) -> pd.Series:
    """The archive that an ISIC lesion identifier names by its first letters (HAM_…, BCN_…, MSK4_…)."""
    return lesions.str.extract(r"^([A-Za-z]+)", expand=False).fillna(without_lesion)


def describe_images(
    labels: pd.Series, metadata: str | Path | None, archive_without_lesion: str = "unknown"
) -> pd.DataFrame:
    """One row a labelled image, sorted: image, label, lesion, archive, age, sex, site (empty where unknown)."""
    table = labels.to_frame()
    if metadata:
        table = table.join(read_csv(metadata, ["image"]).set_index("image"))
    table = table.rename(columns=METADATA).reindex(columns=["label", *METADATA.values()])
    table["lesion"] = table["lesion"].astype("string")
    table["archive"] = table["archive"].astype("string").fillna(archives(table["lesion"], archive_without_lesion))
    return table.sort_index().rename_axis("image").reset_index()


def groups(table: pd.DataFrame) -> pd.Series:
    """The set of images that must stay together, by the name of its first image.

    `table` is sorted by image and has lesion and, from `find_duplicates`, file, pixels and near_duplicate.
    """
    kinds = [name for name in ("lesion", "file", "pixels", "near_duplicate") if name in table]
    return name_sets(table["image"], np.concatenate([equal_pairs(table[name]) for name in kinds]))


def check_images(
    labels: pd.Series, names: Sequence[str], on_missing_image: str, unread: Mapping[str, str] | None = None
) -> None:
    """Raise InputError where label rows have no image, unless `on_missing_image` is "skip".

    `unread` says by file why it is not read: files of these names, or folders that may hold the images.
    """
    missing = sorted(set(labels.index) - set(names))
    if missing and on_missing_image == "fail":
        raise InputError(
            f"{len(missing)} of {len(labels)} label rows have no image, the first is {missing[0]}: "
            f"add the images, or set `on_missing_image: skip`.{unread_hint(missing, unread or {})}"
        )


def unread_hint(missing: Sequence[str], unread: Mapping[str, str]) -> str:
    """The first of the reasons `unread` (by file) that explains why images are `missing`; else the first of all."""
    lost = set(missing)
    hints = sorted(unread.items(), key=lambda item: Path(item[0]).stem not in lost)
    return f" {hints[0][1]}" if hints else ""


def make_manifest(
    described: pd.DataFrame,
    packed: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    on_bad_image: str,
    duplicates: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join what the labels say with what packing found (tables by shard name): (manifest, rejected).

    `duplicates` is what `find_duplicates` returned.

    The manifest has the columns MANIFEST and only images that can be used, sorted by name; `rejected` has
    image and reason of every other image and label row.
    """
    found = pd.concat([table.assign(shard=shard) for shard, table in packed.items()], ignore_index=True)
    table = described.merge(found, on="image", how="outer", validate="one_to_one")
    reason = pd.Series(pd.NA, index=table.index, dtype="string")
    reason = reason.mask(table["status"] != "ok", table["status"])
    reason = reason.mask(table["status"].isna(), "no image file")
    reason = reason.mask(table["label"].isna(), "no label row")
    reason = reason.mask(
        table["label"].notna() & ~table["label"].isin(classes), "class " + table["label"] + " is ignored"
    )
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
        first = f", the first of {len(lost)}, {lost['image'].iloc[0]}, {lost['reason'].iloc[0]}" if len(lost) else ""
        raise InputError(
            f"No usable image of class {empty[0]} is left{first}: "
            f"replace the images, or take the class out of `classes`."
        )
    if duplicates is not None:
        kept = kept.drop(columns="pixels", errors="ignore").merge(duplicates, on="image", how="left")
    kept["group"] = groups(kept)
    return kept[MANIFEST].astype({"row": int, "width": int, "height": int}), rejected
