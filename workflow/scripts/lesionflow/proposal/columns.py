"""What each column of a user's table holds, guessed from its name and its cells."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import pandas as pd

from lesionflow.data.image_names import clean, plain
from lesionflow.data.plausibility import check_shared
from lesionflow.data.user_tables import by_value, identifiers, known_values, marks, zeros_and_ones
from lesionflow.files import InputError
from lesionflow.proposal.headers import meaning

MOST_VALUES = {"sex": 6, "site": 60, "archive": 60, "skin_tone": 20}
MOST_CLASSES = 60


@dataclass
class Guess:
    """Columns by what they hold, why, and what is doubtful about them.

    labels: one column, or one per class. refused: what columns are named like, but cannot hold.
    """

    columns: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)


def image_keys(cells: pd.Series) -> pd.Series:
    """Return names as they are compared with those of files: without folder, ending and case."""
    return by_value(cells, lambda cell: plain(cell).casefold())


def find_image_column(table: pd.DataFrame, files: Collection[str], guess: Guess) -> pd.Series:
    """Note the column of `table` that names most of `files` in `guess`; return for each row whether it names one.

    Returns no row if no column does.
    """
    known = {plain(name).casefold() for name in files}
    keys = {name: image_keys(table[name]) for name in table}
    found = {name: len(known & set(key)) for name, key in keys.items()}
    most = max(found.values(), default=0)
    if most == 0:
        return pd.Series(False, index=table.index)
    likely = [name for name in found if found[name] >= most / 2]
    best = max(likely, key=lambda name: (meaning(name) == "image", found[name]))
    rows = keys[best].isin(known)
    guess.columns["image"] = best
    guess.why["image"] = f"{rows.sum()} of {len(table)} rows name one of {len(files)} images"
    for name in likely:
        if (keys[name] != keys[best])[rows].any():
            guess.doubts.append(
                f"Column {name!r} names {found[name]} images too, but not the same ones as {best!r}: "
                f"check that {best!r} is the right one; images are read from one column, a row for each."
            )
    return rows


def find_labels(table: pd.DataFrame, guess: Guess) -> None:
    """Note the column of the class, or one column of 0 and 1 per class, in `guess`, if there is one."""
    free = [name for name in table if name not in guess.columns.values()]
    hinted = [name for name in free if meaning(name) == "label" and _has_classes(table[name], 2)]
    # Full columns first; of these the one that tells most: diagnosis_3 of the ISIC Archive rather than diagnosis_1.
    hinted.sort(key=lambda name: ((table[name].map(clean) != "").mean() < 0.8, -table[name].nunique()))
    marked = [] if hinted else _marks(table[free], zeros_and_ones) or _marks(table[free], marks)
    if marked:
        guess.labels, guess.why["label"] = marked, f"{len(marked)} columns of 0 and 1, with one 1 in each row"
        return
    other = [name for name in free if meaning(name) is None and _is_text(table[name]) and _has_classes(table[name], 3)]
    for lesion in [name for name in table if meaning(name) == "lesion"][:1]:  # has one diagnosis
        other.sort(key=lambda name: (table.groupby(lesion)[name].nunique() > 1).sum())
    for name in (hinted or other)[:1]:
        guess.labels = [name]
        if not _is_text(table[name]):
            guess.doubts.append(f"The classes of {name!r} are numbers: write what they mean into `class_names`.")
        guess.why["label"] = f"{table[name].nunique()} values, and named like a diagnosis" if hinted else (
            f"text with {table[name].nunique()} values in {len(table)} rows"
        )  # fmt: skip
    if not hinted and other:
        guess.doubts.append(f"No column is named like a diagnosis: the class is read from {other[0]!r}.")
    if len(hinted or other) > 1:
        rest = ", ".join(repr(name) for name in (hinted or other)[1:])
        guess.doubts.append(f"Instead of {guess.labels[0]!r}, the class could be in {rest}.")


def _has_classes(cells: pd.Series, images: int) -> bool:
    """Whether cells have few values, on average in at least `images` rows each."""
    values = set(by_value(cells, clean)) - {""}
    return 2 <= len(values) <= min(MOST_CLASSES, len(cells) // images)


def _is_text(cells: pd.Series) -> bool:
    """Whether most cells begin with a letter, as no number or date does."""
    return cells.map(clean).str.match(r"[^\W\d_]").mean() > 0.5


def _marks(table: pd.DataFrame, numbers: Callable[[pd.Series], pd.Series]) -> list[str]:
    """Return the columns that are 0 and 1 as `numbers`, if each row has exactly one 1 in them."""
    found = table.apply(numbers)
    found = found.loc[:, found.isin([0, 1]).all() & found.any()]
    return list(found) if found.shape[1] > 1 and (found.sum(axis=1) == 1).all() else []


def find_metadata(table: pd.DataFrame, classes: int, guess: Guess) -> None:
    """Note the columns of lesion, patient and the rest in `guess`: those with a fitting name and plausible cells.

    `table` has the rows that name images, `classes` is the number of classes.
    """
    free = [name for name in table if name not in [*guess.columns.values(), *guess.labels]]
    named = {name: role for name in free if (role := meaning(name)) and role not in ("image", "label")}
    # A case is one visit or one patient: the wider of both, unless there is a column of patients.
    case = "lesion" if "patient" in named.values() else "patient"
    for name, word in named.items():
        role = case if word == "case" else word
        refused = IMPLAUSIBLE.get(role, _few_values)(table[name], role, classes)
        if refused:
            guess.refused.add(role)
            guess.doubts.append(f"Column {name!r} is named like {_a(role)}, but {refused}: it is not used.")
        elif role in guess.columns:
            guess.doubts.append(f"Column {name!r} is named like {_a(role)} too: only {guess.columns[role]!r} is read.")
        else:
            known = known_values(table[name])
            guess.columns[role] = name
            guess.why[role] = f"by its name; {known.nunique()} values in {known.notna().sum()} of {len(table)} rows"
    lesions = identifiers(table[guess.columns["lesion"]]) if "lesion" in guess.columns else None
    guess.doubts += _unnamed_groups(table[[name for name in free if name not in named]], classes, guess, lesions)


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role.replace('_', ' ')}"


def _few_values(cells: pd.Series, role: str, classes: int) -> str | None:
    count = known_values(cells).nunique()
    return None if 1 <= count <= MOST_VALUES[role] else f"it has {count} values"


def _numbers(cells: pd.Series, role: str, classes: int) -> str | None:
    numbers = pd.to_numeric(known_values(cells).dropna().str.replace(",", "."), errors="coerce")
    return None if numbers.between(0, 130).mean() > 0.9 else "its cells are not ages in years"


def _groups(cells: pd.Series, role: str, classes: int) -> str | None:
    values = identifiers(cells).rename(role)
    if values.nunique() <= classes:
        return f"it has {values.nunique()} values for {classes} classes"
    try:
        check_shared("The table", values)
    except InputError as error:
        return str(error).partition(":")[0]
    return None


IMPLAUSIBLE: dict[str, Callable[[pd.Series, str, int], str | None]] = {
    "lesion": _groups,
    "patient": _groups,
    "age": _numbers,
}


def _unnamed_groups(table: pd.DataFrame, classes: int, guess: Guess, lesions: pd.Series | None) -> Iterator[str]:
    """Yield a sentence on each column that may tell lesions or patients, but has no such name, if none was found.

    Beside known `lesions` only a column that has several of them per value may tell patients.
    """
    if "patient" in guess.columns:
        return
    for name in table:
        values = identifiers(table[name])
        if lesions is not None and (
            (values.groupby(lesions).nunique() > 1).any() or values.nunique() >= lesions.nunique()
        ):
            continue
        repeated = values.duplicated(keep=False).mean() > 0.2 and len(table) / max(values.nunique(), 1) <= 10
        if repeated and values.str.contains(r"\d").mean() > 0.5 and not _groups(table[name], "lesion", classes):
            yield (
                f"Column {name!r} has {values.nunique()} values for {len(table)} images: if it identifies lesions "
                "or patients, name it in `columns`."
            )
