"""Labels, lesions, patients and other data of images, read from the user's tables."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.data.diagnoses import check_columns, class_of_folder, classes_of, one_label
from lesionflow.data.image_names import check_once, match, name_images
from lesionflow.data.images import RawImages
from lesionflow.data.layout import METADATA, Layout
from lesionflow.data.plausibility import check_lesions_of_patients, check_repeats, check_shared
from lesionflow.data.user_tables import identifiers, known_values, read_table
from lesionflow.files import InputError


def collection_labels(
    images: RawImages | None,
    table: str | None,
    metadata: str | None,
    classes: Sequence[str],
    ignored: Sequence[str],
    layout: Layout,
) -> pd.Series:
    """Return labels by image of a collection: from its `table` of labels, or without one from the folders of `images`.

    Labels per lesion (`label_key`) get their images from `metadata`. Otherwise `images` may be missing: they only
    correct the names in the table. Raises InputError as `read_labels`, `read_metadata` and `class_of_folder` do, and
    if no lesion has an image.
    """
    if table is None:
        assert images is not None
        return _labelled(class_of_folder(images, [*classes, *ignored], layout.label_map), classes, images.path)
    labels = read_labels(table, classes, ignored, images.files if images else (), layout=layout)
    if layout.label_key == "image":
        return labels
    assert metadata is not None and images is not None
    lesion = read_metadata(metadata, list(images.files), layout)["lesion"].dropna().str.casefold()
    by_lesion = labels.rename(str.casefold)
    lost = labels[~by_lesion.index.isin(lesion)].index
    if len(lost) == len(labels):
        raise InputError(
            f"No lesion of {table} has an image in {metadata} (the first is {lost[0]!r}): correct the identifiers."
        )
    if len(lost):
        logging.warning("%d of %d lesions have no image, the first is %s", len(lost), len(labels), lost[0])
    return lesion.map(by_lesion).dropna().rename("label")


def read_labels(
    path: str | Path,
    classes: Sequence[str],
    ignored: Sequence[str] = (),
    files: Iterable[str] = (),
    other_classes: bool = False,
    layout: Layout | None = None,
) -> pd.Series:
    """Return labels by image, or by lesion if the `layout` says so; `ignored` classes are labels too.

    The table has one 0/1 column per class, or the `label_column` of the layout. Image names are matched to `files`.
    Raises InputError if any other 0/1 column, taken for an unknown class, contains a 1. With `other_classes` such
    columns are accepted, and images of none of the classes have a missing label.
    """
    layout = layout or Layout()
    known, key = [*classes, *ignored], layout.label_key
    names = {key: layout.names()[key]}
    if layout.label_column:
        table = read_table(path, {**names, "label": (layout.label_column,)}, [key, "label"])
    else:
        table = read_table(path, {**names, **{name: (name,) for name in known}}, [key, *classes])
    name = name_images(table[key], path, files) if key == "image" else _named(identifiers(table[key]), path)
    check_once(name, table[key], path, key)
    if layout.label_column:
        labels = classes_of(table["label"], f"{path} column {layout.label_column!r}", known, layout.label_map)
    else:
        if not other_classes:
            check_columns(path, table, key, known, name)
        labels = one_label(path, table[[each for each in known if each in table]], name, other_classes)
    labels = labels.set_axis(name.rename(None)).rename("label")
    return _labelled(labels if other_classes else labels.dropna(), classes, path)


def _labelled(labels: pd.Series, classes: Sequence[str], path: str | Path) -> pd.Series:
    """Return `labels`. Raises InputError if one of `classes` has no image."""
    empty = [name for name in classes if name not in set(labels)]
    if empty:
        raise InputError(f"{path} has no image of class {empty[0]}: add some, or remove it from `classes`.")
    return labels


def _named(lesion: pd.Series, path: str | Path) -> pd.Series:
    """Return the lesion of each row of the labels at `path`. Raises InputError if a row has none."""
    if lesion.isna().any():
        raise InputError(f"{path} row {lesion.isna().idxmax()} names no lesion: write its identifier, or remove it.")
    return lesion


def read_metadata(path: str | Path, images: Sequence[str], layout: Layout | None = None) -> pd.DataFrame:
    """Return the columns METADATA that a table has for `images`, indexed by image; missing if unknown.

    Raises InputError if it has none of these columns, or not those that the `layout` names, no row matches one of
    `images`, rows of one image contradict each other, or values are implausible as lesions or patients.
    """
    layout = layout or Layout()
    table = read_table(path, layout.names(), ["image", *filter(layout.columns.get, layout.columns)])
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
    read = {name: identifiers if name in ("lesion", "patient") else known_values for name in METADATA if name in table}
    values = pd.DataFrame({name: how(table[name]) for name, how in read.items()}, index=table.index)
    values = values[image.notna()].set_axis(image.dropna())
    for name in values:
        check_repeats(path, values[name].dropna())
    values = values.groupby(level=0).first()
    for name in [name for name in ("lesion", "patient") if name in values]:
        check_shared(path, values[name])
    if "lesion" in values and "patient" in values:
        check_lesions_of_patients(path, values)
    return values


def archives(lesions: pd.Series, without_lesion: str) -> pd.Series:
    """Return the archive given by the leading letters of an ISIC lesion identifier (HAM_…, BCN_…, MSK4_…)."""
    return lesions.str.extract(r"^([A-Za-z]+)\d*_", expand=False).fillna(without_lesion)


def describe_images(
    labels: pd.Series,
    metadata: str | Path | None,
    archive_without_lesion: str = "unknown",
    layout: Layout | None = None,
) -> pd.DataFrame:
    """Return one row per labelled image, sorted: image, label and the columns METADATA, missing if unknown."""
    table = labels.to_frame()
    if metadata:
        table = table.join(read_metadata(metadata, labels.index, layout))
    table = table.reindex(columns=["label", *METADATA])
    table = table.astype({"lesion": "string", "patient": "string", "archive": "string"})
    table["archive"] = table["archive"].fillna(archives(table["lesion"], archive_without_lesion))
    for name in ("lesion", "patient"):
        logging.info("%s known for %d of %d images", name.capitalize(), table[name].notna().sum(), len(table))
    return table.sort_index().rename_axis("image").reset_index()
