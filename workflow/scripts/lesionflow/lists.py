"""Readers and writers of the CSV files of a run, with their columns and types.

Text cells are read unchanged: an image may be named NA, null, 007 or 1e5. Only an empty cell is a missing value.
Spreadsheets execute cells that start with a formula character: the writer puts an apostrophe before them, and the
readers remove it.
"""

import re
import resource
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow.files import atomic_write, reading

FORMULA = r"'*[=+\-@\t\r\n＝＋－＠]"
RUN = ["protocol", "backbone", "weights", "dataset"]


def write_table(path: str | Path, table: pd.DataFrame, float_format: str | None = None) -> None:
    """Write `table` as CSV atomically."""
    table = table.copy()
    for name in table:
        table[name] = _texts(table[name], lambda text: f"'{text}" if re.match(FORMULA, text) else text)
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, float_format=float_format)


def write_probabilities(path: str | Path, table: pd.DataFrame) -> None:
    """As `write_table`, with seven significant digits, the precision of float32."""
    write_table(path, table, float_format="%.7g")


def read_table(path: str | Path, text: Sequence[str], numbers: Sequence[str] = (), **options: Any) -> pd.DataFrame:
    """Read a CSV written by `write_table`: text in the columns `text`, numbers or booleans in all others.

    Raises InputError if one of the columns `text` and `numbers` is missing, or if one of `numbers`, image or label has
    empty cells.
    """
    with reading(path):
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""], **options)
        for name in (*text, *numbers):
            if name not in table:
                raise ValueError(f"it has no column {name}")
            if name in ("image", "label", *numbers) and table[name].isna().any():
                raise ValueError(f"its column {name} has empty cells")
        for name in table.columns.difference(text):
            if not pd.api.types.is_numeric_dtype(table[name]):
                raise ValueError(f"its column {name} holds values other than numbers")
        if not Path(path).read_bytes().endswith(b"\n"):
            raise ValueError("its last line is truncated")
    for name in text:
        table[name] = _texts(table[name], lambda cell: cell[1:] if re.match(f"'{FORMULA}", cell) else cell)
    return table


def _texts(column: pd.Series, change: Any) -> pd.Series:
    """Return a column with `change` applied to its text cells."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return column.map(lambda cell: change(cell) if isinstance(cell, str) else cell).astype(column.dtype)


def read_described(path: str | Path) -> pd.DataFrame:
    """labels.csv: image, label, lesion, patient, age (years, as given), sex, site, archive and skin_tone."""
    return read_table(path, ["image", "label", "lesion", "patient", "age", "sex", "site", "archive", "skin_tone"])


def read_packed(path: str | Path) -> pd.DataFrame:
    """The table of a shard: image, row, width and height (pixels), sha256, pixels, phash and status."""
    return read_table(path, ["image", "sha256", "pixels", "phash", "status"], ["row"])


def read_duplicates(path: str | Path) -> pd.DataFrame:
    """duplicates.csv: image, and the sets file, pixels and near_duplicate that it is in, by their first image."""
    return read_table(path, ["image", "file", "pixels", "near_duplicate"])


def read_manifest(path: str | Path) -> pd.DataFrame:
    """manifest.csv: as labels.csv, and group and shard (text); width, height and row."""
    text = ["image", "label", "lesion", "patient", "group", "archive", "age", "sex", "site", "skin_tone", "shard"]
    return read_table(path, text, ["row", "width", "height"])


def read_parts(path: str | Path) -> pd.DataFrame:
    """split.csv: image and part. An image may be in two parts."""
    return read_table(path, ["image", "part"])


def read_training(path: str | Path) -> pd.DataFrame:
    """training.csv: label and image; neighbour and weight (0 to 1) for synthetic images."""
    return read_table(path, ["label", "image", "neighbour"], ["weight"])


def read_probabilities(path: str | Path) -> pd.DataFrame:
    """Predictions for a part (valid.csv, test.csv, clean.csv): image and the probability of each class."""
    return read_table(path, ["image"])


def read_predictions(path: str | Path) -> pd.DataFrame:
    """predictions.csv: image, the probability of each class, predicted, probability, status and warning."""
    return read_table(path, ["image", "predicted", "status", "warning"])


def read_rejected(path: str | Path) -> pd.DataFrame:
    """rejected.csv: image and reason."""
    return read_table(path, ["image", "reason"])


def read_conflicts(path: str | Path) -> pd.DataFrame:
    """conflicts.csv: kind and value of a set, image and label of each member."""
    return read_table(path, ["kind", "value", "image", "label"])


def read_counts(path: str | Path) -> pd.DataFrame:
    """class_counts.csv: protocol, seed, class and numbers of images."""
    return read_table(path, ["protocol", "class"])


def read_results(path: str | Path) -> pd.DataFrame:
    """table_4_1.csv: RUN, published_as, stage, seed, leaky (true or false) and the metrics."""
    return read_table(path, [*RUN, "published_as"])


def read_ladder(path: str | Path) -> pd.DataFrame:
    """ladder.csv: rung, backbone, weights, dataset, leaky (true or false) and numbers."""
    return read_table(path, ["rung", "backbone", "weights", "dataset"])


def read_comparisons(path: str | Path) -> pd.DataFrame:
    """comparisons.csv: names of the contrast and its models, verdict, what_it_takes, leaky and numbers."""
    return read_table(path, ["family", "contrast", "a", "b", "metric", "verdict", "protocol", "what_it_takes"])


def read_study_size(path: str | Path) -> pd.DataFrame:
    """study_size.csv: class, numbers of images, lesions and folds, detectable differences in the row "all"."""
    return read_table(path, ["class"], ["images", "lesions", "folds"])


def read_trials(path: str | Path) -> pd.DataFrame:
    """trials.csv of a search: optimizer, lr, epoch, loss and valid_loss (nats), accuracy and valid_accuracy."""
    return read_table(path, ["optimizer"])


def read_searches(path: str | Path) -> pd.DataFrame:
    """search.csv of all searches: RUN, seed, leaky, the best epoch of each trial, winner (true or false)."""
    return read_table(path, [*RUN, "optimizer"])


def read_history(path: str | Path) -> pd.DataFrame:
    """history.csv: epoch, loss and valid_loss (nats), accuracy and valid_accuracy."""
    return read_table(path, [])


def read_benchmark(path: str | Path) -> pd.DataFrame:
    """What Snakemake's `benchmark:` or `write_benchmark` wrote, tab-separated: s (seconds), max_rss (MB)."""
    return read_table(path, ["h:m:s"], ["s", "max_rss"], sep="\t")


def write_benchmark(path: str | Path, seconds: float) -> None:
    """A benchmark of this process, whole or not at all: the time it took, and its peak memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    with atomic_write(path) as temporary:
        table = pd.DataFrame({"s": [seconds], "h:m:s": [str(timedelta(seconds=int(seconds)))], "max_rss": [peak]})
        table.to_csv(temporary, sep="\t", index=False)


def read_costs(path: str | Path) -> pd.DataFrame:
    """costs.csv: rule, what and device; seconds, megabytes and numbers of images."""
    return read_table(path, ["rule", "what", "device"])
