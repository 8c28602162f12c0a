"""Labels, lesions and patient data of images, read from the user's CSV files."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.data.image_names import check_once, clean, match, name_images
from lesionflow.data.user_tables import by_value, known_values, lesions, read_table, zeros_and_ones
from lesionflow.files import InputError

# Column names used here, with the synonyms of ISIC and others.
IMAGE: dict[str, tuple[str, ...]] = {"image": ("image_id", "image_name", "isic_id", "file_name")}
METADATA: dict[str, tuple[str, ...]] = {
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
    """Return labels by image, from a CSV with one 0/1 column per class; `ignored` classes are labels too.

    Image names are matched to `files`. Raises InputError if any other 0/1 column, taken for an unknown class, contains
    a 1. With `other_classes` such columns are accepted, and images of none of the classes have a missing label.
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
    """Raise InputError if a column that is not `known` resembles a class: only 0 and 1, and at least one 1."""
    for place, name in enumerate(table.columns):
        if name in ("image", *known, ""):
            continue
        marks = zeros_and_ones(table.iloc[:, place])
        if marks.isin([0, 1]).all() and marks.any():
            row = marks.idxmax()
            raise InputError(
                f"{path} row {row} ({image[row]}) has 1 in column {name!r}, which is not one of `classes`: add it to "
                f"`classes`, or to `ignore_classes` of the collection, or remove the column if it is not a class."
            )


def _one_label(path: str | Path, cells: pd.DataFrame, image: pd.Series, or_none: bool) -> pd.Series:
    """Return the column of the 1 in each row of `cells`. Raises InputError unless a row is one 1 and otherwise 0.

    With `or_none`, rows of 0 have a missing label.
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
    """Return the columns METADATA that a CSV has for `images`, indexed by image; missing if unknown.

    Raises InputError if it has none of these columns, no row matches one of `images`, rows of one image contradict each
    other, or values of `lesion` are implausible as lesions.
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
    """Raise InputError if an image has two different values; the notation of numbers and case do not count."""
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
    """Raise InputError if a value is shared by too many images to be a lesion."""
    counts = lesion.value_counts()
    most = counts.max() if len(counts) else 0
    if most > MOST_IMAGES or (most > MOST_IMAGES // 5 and most > counts.sum() / 2):
        raise InputError(
            f"{path} gives the lesion {counts.idxmax()!r} to {most} of {len(lesion)} images, too many for one lesion: "
            f"leave the cells empty where the lesion is not known."
        )


def archives(lesions: pd.Series, without_lesion: str) -> pd.Series:
    """Return the archive given by the leading letters of an ISIC lesion identifier (HAM_…, BCN_…, MSK4_…)."""
    return lesions.str.extract(r"^([A-Za-z]+)", expand=False).fillna(without_lesion)


def describe_images(
    labels: pd.Series, metadata: str | Path | None, archive_without_lesion: str = "unknown"
) -> pd.DataFrame:
    """Return one row per labelled image, sorted: image, label, lesion, archive, age, sex, site (missing if unknown)."""
    table = labels.to_frame()
    if metadata:
        table = table.join(read_metadata(metadata, labels.index))
    table = table.reindex(columns=["label", *METADATA])
    table["lesion"] = table["lesion"].astype("string")
    table["archive"] = table["archive"].astype("string").fillna(archives(table["lesion"], archive_without_lesion))
    logging.info("Lesion known for %d of %d images", table["lesion"].notna().sum(), len(table))
    return table.sort_index().rename_axis("image").reset_index()
