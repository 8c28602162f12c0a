"""The metrics of Table 4.1 per lesion, for people: a table that follows it, and notes."""

from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from lesionflow.evaluation.metrics import shown_in
from lesionflow.report.tables.table import Table, cell

MODEL = ["protocol", "backbone", "weights", "stage", "dataset"]
WIDE = {
    "Lesions": ("lesions", 0),
    "Images without lesion": ("images_without_lesion", 0),
    **{metric.header: (metric.column, metric.decimals) for metric in shown_in("results")},
}


def lesions_table(long: pd.DataFrame) -> Table | None:
    """A row per model of `long` (table_4_1.csv) of which lesions are tested; None if there are none."""
    rows, labels = [], []
    for names, runs in models(long.dropna(subset="per_lesion_lesions")):
        named = dict(zip(MODEL, map(str, names), strict=True))
        values = {name: cell(runs, f"per_lesion_{column}", decimals) for name, (column, decimals) in WIDE.items()}
        rows.append({name.capitalize(): value for name, value in named.items()} | values)
        labels.append({name: value for name, value in named.items() if name != "weights"})
    if not rows:
        return None
    text, leaky = ["Protocol", "Backbone", "Weights", "Dataset"], set(long.loc[long["leaky"], "protocol"])
    return Table("per_lesion", "Results per lesion", long, pd.DataFrame(rows), text, (), leaky, labels)


def models(table: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Names and seeds of each model; models that differ in the dataset only follow each other."""
    yield from table.sort_values(MODEL, key=first_seen, kind="stable").groupby(MODEL, sort=False)


def first_seen(column: pd.Series) -> pd.Series:
    """Return a sort key: the order of first appearance of a column's values."""
    return pd.Series(pd.factorize(column)[0], index=column.index)


def lesion_notes(protocols: Iterable[str], known: Collection[str]) -> list[str]:
    """What a result per lesion is, and which of `protocols` have none, as they are not among the `known`."""
    lines = [
        "Per lesion: the prediction for a lesion is the mean of the class probabilities of its test images. An image "
        "without a known lesion counts as a lesion. Lesions whose images have several classes are left out."
    ]
    unknown = [
        f"Per lesion: unknown under {protocol}, because no lesion of one class is known among its test images."
        for protocol in protocols
        if protocol not in known
    ]
    return lines * bool(known) + unknown
