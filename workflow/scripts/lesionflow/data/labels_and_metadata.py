"""What the user's CSVs say of every image: its label, its lesion and patient data."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.data.image_names import check_once, clean, match, name_images
from lesionflow.data.user_tables import by_value, known_values, lesions, read_table, zeros_and_ones
from lesionflow.files import InputError

# Our column names, and those of ISIC and others that mean the same.
IMAGE = {"image": ("image_id", "image_name", "isic_id", "file_name")}
METADATA = {
    "lesion": ("lesion_id",),
    "age": ("age_approx",),
    "sex": (),
    "site": ("anatom_site_general",),
    "archive": (),
}
MOST_IMAGES = 100  # of one lesion; ISIC 2019 has 31 at most


def read_labels(
    path: str | Path,
    classes: Sequence[str],
    ignored: Sequence[str] = (),
    files: Iterable[str] = (),
    other_classes: bool = False,
) -> pd.Series:
    """Labels by image, from a CSV of one 0/1 column per class; those of `ignored` classes are kept as they are.

    Images are named as those of `files` are that the rows mean. Any further column of 0 and 1 is taken for a class
    that the config does not know, and must be all 0; with `other_classes` it may be anything, and an image of none of
    the classes has no label.
    """
    known = [*classes, *ignored]
    table = read_table(path, {**IMAGE, **dict.fromkeys(known, ())}, ["image", *classes])
    image = name_images(table["image"], path, files)
    check_once(image, table["image"], path)
    if not other_classes:
        _check_columns(path, table, known, image)
    labels = _one_label(path, table[[name for name in known if name in table]], image, other_classes)
    empty = [name for name in classes if name not in set(labels)]
    if empty:
        raise InputError(f"{path} has no image of class {empty[0]}: add some, or remove it from `classes`.")
    return labels.set_axis(image.rename(None)).rename("label")


def _check_columns(path: str | Path, table: pd.DataFrame, known: Sequence[str], image: pd.Series) -> None:
    """Raise InputError where a column that is not `known` is of 0 and 1, as those of classes are, and not all 0."""
    for place, name in enumerate(table.columns):
        if name in ("image", *known, ""):
            continue
        marks = zeros_and_ones(table.iloc[:, place])
        if marks.isin([0, 1]).all() and marks.any():
            row = marks.idxmax()
            raise InputError(
                f"{path} row {row} ({image[row]}) has 1 in column {name!r}, which is none of `classes`: add it to "
                f"`classes`, or to `ignore_classes` of the collection, or remove the column if it is no class."
            )


def _one_label(path: str | Path, cells: pd.DataFrame, image: pd.Series, or_none: bool) -> pd.Series:
    """The column that holds the 1 of each row of `cells`; InputError where a row is not one 1 and else 0.

    With `or_none` a row of 0 has no label.
    """
    remedy = "put 1 in exactly one class column and 0 in all others."
    marks = cells.apply(zeros_and_ones)
    good = marks.isin([0, 1])
    if not good.all(axis=None):
        row = (~good.all(axis=1)).idxmax()
        name = (~good.loc[row]).idxmax()
        what = f"{cells.loc[row, name]!r}" if clean(cells.loc[row, name]) else "an empty cell"
        raise InputError(f"{path} row {row} ({image[row]}) has {what} in column {name!r}: {remedy}")
    count = marks.sum(axis=1)
    wrong = (count > 1) | ((count == 0) & (not or_none))
    if wrong.any():
        row = wrong.idxmax()
        raise InputError(f"{path} row {row} ({image[row]}) has {count[row]:.0f} labels: {remedy}")
    return marks.idxmax(axis=1).where(count == 1) if len(marks) else pd.Series(dtype=str)


def read_metadata(path: str | Path, images: Sequence[str]) -> pd.DataFrame:
    """What a CSV says of `images`, indexed by image: those of the columns METADATA that it has, missing where unknown.

    Raises InputError where none of these columns is there, no row is of any of `images`, two rows contradict each
    other or `lesion` holds no lesions.
    """
    table = read_table(path, IMAGE | METADATA, ["image"])
    if not any(name in table for name in METADATA):
        raise InputError(
            f"{path} has none of the columns {', '.join(METADATA)} (it has {', '.join(filter(None, table.columns))}): "
            f"rename the one that holds the lesion, or leave `metadata` out."
        )
    image = match(table["image"], images, path)
    if image.isna().all():
        first = f"the first is {table['image'].iloc[0]!r}" if len(table) else "it has no rows"
        raise InputError(
            f"No row of {path} names an image of the labels ({first}, the labels' first is {images[0]!r}): "
            f"correct the names, or leave `metadata` out."
        )
    read = {name: lesions if name == "lesion" else known_values for name in METADATA if name in table}
    values = pd.DataFrame({name: how(table[name]) for name, how in read.items()}, index=table.index)
    values = values[image.notna()].set_axis(image.dropna())
    for name in values:
        _check_repeats(path, values[name].dropna())
    values = values.groupby(level=0).first()
    if "lesion" in values:
        _check_lesions(path, values["lesion"])
    return values


def _check_repeats(path: str | Path, values: pd.Series) -> None:
    """Raise InputError where two values of one image differ, in more than how a number or a case is written."""
    repeated = values[values.index.duplicated(keep=False)]
    meant = repeated if values.name == "lesion" else by_value(repeated, _meaning)
    counts = meant.groupby(level=0).nunique()
    if (counts > 1).any():
        first = (counts > 1).idxmax()
        one, other = repeated[first][~meant[first].duplicated().to_numpy()].iloc[:2]
        raise InputError(
            f"{path} gives image {first} two values of {values.name}, {one!r} and {other!r}: keep the right row."
        )


def _meaning(cell: str) -> str:
    try:
        return str(float(cell.replace(",", ".")))
    except ValueError:
        return cell.casefold()


def _check_lesions(path: str | Path, lesion: pd.Series) -> None:
    """Raise InputError where one value is of so many images that it can be no lesion."""
    counts = lesion.value_counts()
    most = counts.max() if len(counts) else 0
    if most > MOST_IMAGES or (most > MOST_IMAGES // 5 and most > counts.sum() / 2):
        raise InputError(
            f"{path} gives the lesion {counts.idxmax()!r} to {most} of {len(lesion)} images, too many for one lesion: "
            f"leave the cells empty where the lesion is not known."
        )


def archives(lesions: pd.Series, without_lesion: str) -> pd.Series:
    """The archive that an ISIC lesion identifier names by its first letters (HAM_…, BCN_…, MSK4_…)."""
    return lesions.str.extract(r"^([A-Za-z]+)", expand=False).fillna(without_lesion)


def describe_images(
    labels: pd.Series, metadata: str | Path | None, archive_without_lesion: str = "unknown"
) -> pd.DataFrame:
    """One row a labelled image, sorted: image, label, lesion, archive, age, sex, site (empty where unknown)."""
    table = labels.to_frame()
    if metadata:
        table = table.join(read_metadata(metadata, labels.index))
    table = table.reindex(columns=["label", *METADATA])
    table["lesion"] = table["lesion"].astype("string")
    table["archive"] = table["archive"].astype("string").fillna(archives(table["lesion"], archive_without_lesion))
    logging.info("Lesion known for %d of %d images", table["lesion"].notna().sum(), len(table))
    return table.sort_index().rename_axis("image").reset_index()
