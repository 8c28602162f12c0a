"""Table of class counts, from the collection to the training lists."""

from collections.abc import Mapping

import pandas as pd

from lesionflow.report.tables.table import Table


def counts_table(counts: pd.DataFrame, class_names: Mapping[str, str], name: str) -> Table:
    """Return class counts of one split with full class names and a row of totals; `name` is the id of the table."""
    shown = counts.copy()
    shown["class"] = [f"{key} {class_names.get(key, '')}".strip() for key in counts["class"]]
    shown.loc[len(shown)] = ["Total", *counts.drop(columns="class").sum()]
    shown = shown.map(lambda value: value if isinstance(value, str) else f"{value:,}")
    top = {"class": "", "raw": "collection"} | dict.fromkeys(("train", "valid", "test", "unused"), "parts")
    columns = [(top.get(key, key.rsplit(" ", 1)[0]), key.rsplit(" ", 1)[-1]) for key in shown]
    shown.columns = pd.MultiIndex.from_tuples(columns)
    rows: list[dict[str, str]] = [{}] * len(counts) + [{"total": "true"}]
    return Table(name, "Images per class", counts, shown, [("", "class")], rows=rows)
