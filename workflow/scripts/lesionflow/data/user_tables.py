"""Reader for the user's tables, CSV or Excel, from spreadsheets and other scripts; all cells are read as text."""

import codecs
import csv
import io
import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.data.image_names import clean
from lesionflow.files import InputError

SAVE = "save it as comma-separated UTF-8 (a spreadsheet calls it CSV UTF-8)"
# Cells that mean a missing value, compared case-insensitively.
UNKNOWN = {
    "", "-", "--", "-1", "-1.0", "–", "—", "?", ".", "#n/a", "#ref!", "#value!", "<na>", "missing", "n.a.", "n/a",
    "n/d", "na", "nan", "nat", "nd", "nil", "nk", "none", "not available", "not recorded", "null", "undefined",
    "unknown", "unbekannt", "keine angabe", "k.a.", "desconocido", "desconocida", "sin datos", "no consta",
    "desconhecido", "desconhecida",
}  # fmt: skip

# How spreadsheets and pandas write true and false.
TRUE, FALSE = ("true", "wahr", "verdadero", "verdadeiro"), ("false", "falsch", "falso")


def read_table(path: str | Path, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> pd.DataFrame:
    """Read a CSV or .xlsx as text, indexed by row number of the file (the header is row 1), without blank rows.

    `columns` gives the names that a column may have, by the name that it gets. They match regardless of case, spaces,
    hyphens and underscores. Other columns keep their names; one with a name that another column gets is ignored (its
    name is then empty). Raises InputError if the file is not such a table, two columns match the same name, or a column
    in `needed` is missing.
    """
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    names = _our_names(path, list(map(clean, header)), columns)
    missing = [columns.get(name, [name])[0] for name in needed if name not in names]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r} (it has {', '.join(map(clean, header)) or 'nothing'}): "
            f"add the column or rename the one that holds it."
        )
    numbers, body = [], []
    for number, row in rows:
        if any(cell.strip() for cell in row[len(names) :]):
            raise InputError(
                f"{path} row {number} has more cells than the header ({len(names)}): put quotes around text that "
                f"contains the separator."
            )
        numbers.append(number)
        body.append((row + [""] * len(names))[: len(names)])
    return pd.DataFrame(body, columns=names, index=numbers, dtype=str)


def _rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each non-blank row."""
    number = 0
    try:
        for number, row in enumerate(_sheet(path) if Path(path).suffix.lower() == ".xlsx" else _csv(path), start=1):
            if any(cell.strip() for cell in row):
                yield number, list(map(sys.intern, row))  # equal cells share memory
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as CSV, after row {number} ({error}): {SAVE}.") from None


def _sheet(path: str | Path) -> list[list[str]]:
    """Return the cells of the first sheet of an Excel workbook."""
    try:
        table = pd.read_excel(path, header=None, dtype=str, na_filter=False, engine="openpyxl")
    except Exception as error:  # openpyxl does not document the errors of a damaged workbook
        raise InputError(f"{path} cannot be read as an Excel workbook ({error}): save it again, or as CSV.") from None
    return table.to_numpy().tolist()


def _csv(path: str | Path) -> Iterator[list[str]]:
    """Return the rows of a CSV; the separator is the most frequent one in the first row that is not blank."""
    text = re.sub(r'\A"?sep=.?"?[,;\t]*(\r\n?|\n|\Z)', "", _text(path), flags=re.IGNORECASE)  # Excel's, not a row
    first = next((line for line in text.splitlines() if line.strip()), "")
    # Without `strict`, an unclosed quote turns the rest of the file into one cell.
    return csv.reader(io.StringIO(text, newline=None), delimiter=max(",;\t", key=first.count), strict=True)


def _text(path: str | Path) -> str:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read as CSV ({error.strerror}): give a CSV file.") from None
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = _western(path, data)
    if "\0" in text:
        raise InputError(f"{path} cannot be read as CSV (it contains zero bytes): {SAVE}.")
    return text


def _western(path: str | Path, data: bytes) -> str:
    """Return text as older spreadsheets of Western Europe write it: Windows-1252, of which Latin-1 is a part."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise InputError(f"{path} cannot be read as CSV (it is not text in UTF-8): {SAVE}.") from None
    logging.warning("%s is not in UTF-8 and is read as Windows-1252 (Latin-1): check names with accents", path)
    return text


def _our_names(path: str | Path, header: Sequence[str], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the name of `columns` that each column of the header gets, or its own name if it matches none."""
    known = {name: ours for ours, names in columns.items() for name in names}
    alike = {_letters(name): ours for name, ours in reversed(known.items()) if _letters(name)}
    names = [known.get(name, alike.get(_letters(name), "" if name in columns else name)) for name in header]
    for ours in columns:
        same = [name for name, found in zip(header, names, strict=True) if found == ours]
        if len(same) > 1:
            raise InputError(
                f"{path} has two columns that mean the same, {same[0]!r} and {same[1]!r}: keep one of them."
            )
        if same and same[0] not in known:
            logging.info("%s: column %r is read as %r", path, same[0], ours)
    unused = [name for name in names if name not in columns and name]
    if unused:
        logging.info("%s: unknown columns: %s", path, ", ".join(unused))
    return names


def _letters(name: str) -> str:
    """Normalise a column name: no case, spaces, hyphens or underscores."""
    return re.sub(r"[\W_]+", "", name).casefold()


def by_value(cells: pd.Series, read: Callable[[str], str]) -> pd.Series:
    """Apply `read` to each cell, once per distinct value."""
    return cells.map({cell: read(cell) for cell in cells.unique()})


def known_values(cells: pd.Series) -> pd.Series:
    """Strip spaces and quotes from cells; cells that mean unknown become missing."""
    values = by_value(cells, clean)
    return values.where(~values.str.casefold().isin(UNKNOWN))


def identifiers(cells: pd.Series) -> pd.Series:
    """Return identifiers of lesions or patients, missing if unknown.

    `12.0` becomes 12; case and spaces do not distinguish identifiers.
    """
    values = known_values(by_value(cells, _identifier))
    return values.groupby(values.str.casefold()).transform("first")


def _identifier(cell: str) -> str:
    """Normalise letters, digits and spaces of a cell; undo the float format of integers."""
    text = " ".join(unicodedata.normalize("NFKC", clean(cell)).split())
    return re.sub(r"^(-?\d+)[.,]0+$", r"\1", text)


def marks(cells: pd.Series) -> pd.Series:
    """Convert the cells of a class to numbers as `zeros_and_ones` does; true is 1 and false is 0."""
    truth = dict.fromkeys(TRUE, "1") | dict.fromkeys(FALSE, "0")
    return zeros_and_ones(by_value(cells, lambda cell: truth.get(clean(cell).casefold(), cell)))


def zeros_and_ones(cells: pd.Series) -> pd.Series:
    """Convert cells to numbers, missing if invalid; decimal commas are accepted (1,0 is 1)."""
    return pd.to_numeric(by_value(cells, lambda cell: clean(cell).replace(",", ".")), errors="coerce")
