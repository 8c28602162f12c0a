"""Checks of lesions, patients and other data of images, as the user's tables give them."""

from pathlib import Path

import pandas as pd

from lesionflow.data.user_tables import by_value
from lesionflow.files import InputError

MOST = {"lesion": 100, "patient": 1000}  # images; of one lesion ISIC 2019 has 31 at most, of one patient ISIC 2020 115


def check_repeats(path: str | Path, values: pd.Series) -> None:
    """Raise InputError if an image has two different values; the notation of numbers and case do not count."""
    repeated = values[values.index.duplicated(keep=False)]
    meant = repeated if values.name in MOST else by_value(repeated, _meaning)
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


def check_shared(path: str | Path, values: pd.Series) -> None:
    """Raise InputError if a value is shared by too many images to be one lesion or patient (the name of `values`)."""
    counts, limit = values.value_counts(), MOST[str(values.name)]
    most = counts.max() if len(counts) else 0
    if most > limit or (most > limit // 5 and most > counts.sum() / 2):
        raise InputError(
            f"{path} gives the {values.name} {counts.idxmax()!r} to {most} of {len(values)} images, too many for one "
            f"{values.name}: leave the cells empty where the {values.name} is not known."
        )


def check_lesions_of_patients(path: str | Path, values: pd.DataFrame) -> None:
    """Raise InputError if a lesion has two patients; `values` has lesion and patient, missing if unknown."""
    patients = values.dropna(subset=["lesion", "patient"]).groupby("lesion")["patient"].unique()
    several = patients[patients.map(len) > 1]
    if len(several):
        one, other = several.iloc[0][:2]
        raise InputError(
            f"{path} gives {len(several)} lesions to several patients, the first is lesion {several.index[0]!r} of "
            f"{one!r} and {other!r}: correct them, or, if lesions are numbered anew for each patient, put the patient "
            f"before the number."
        )
