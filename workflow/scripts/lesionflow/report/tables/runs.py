"""Tables 3.2 to 3.13: metrics of one backbone and stage, as printed, reproduced and corrected."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lesionflow.evaluation.metrics import shown_in
from lesionflow.report.tables.table import Table, cell
from lesionflow.report.thesis_numbers import printed_text

DECIMALS = 2  # as the thesis
PER_CLASS = {metric.key: metric.name for metric in shown_in("per_class")}
GLOBAL = {metric.column: metric.name + ", macro" * metric.per_class for metric in shown_in("global")}


def long_form(
    cards: Sequence[Mapping], metrics: Sequence[Mapping], published: pd.DataFrame, leaky: Collection[str]
) -> pd.DataFrame:
    """Columns block, leaky, dataset, seed, class, metric, value and computed, one row per number.

    `cards` (model.json) and `metrics` (metrics.json) are of the models of one backbone and stage, in the same
    order; `published`, from `published.runs`, is of the same backbone and stage, or empty. `computed` is the
    value of a printed number from the printed confusion matrix. Class is empty for global metrics.
    """
    rows = []
    for card, result in zip(cards, metrics, strict=True):
        keys = {"block": card["protocol"], "leaky": card["protocol"] in leaky}
        keys |= {"dataset": card["dataset"], "seed": result.get("seed", card["seed"])}
        test = result["test"]
        rows += [keys | {"metric": key, "value": test[key]} for key in GLOBAL]
        for name, values in test["per_class"].items():
            rows += [keys | {"class": name, "metric": key, "value": values[key]} for key in PER_CLASS]
    thesis = published.assign(block="thesis", leaky=True)
    columns = ["block", "leaky", "dataset", "seed", "class", "metric", "value", "computed"]
    return pd.concat([thesis, pd.DataFrame(rows)] if len(thesis) else [pd.DataFrame(rows)]).reindex(columns=columns)


def per_class_table(long: pd.DataFrame, classes: Sequence[str], labels: Mapping, number: str | None) -> Table:
    """Precision, sensitivity and F1 per class; `long` is from `long_form`, `number` the table's in the thesis."""
    rows = long[long["class"].notna()]
    cells = _cells(rows, "class", ["block", "dataset", "metric"])
    columns = pd.MultiIndex.from_product([rows["block"].unique(), rows["dataset"].unique(), list(PER_CLASS)])
    wide = cells.reindex(index=classes, columns=columns.intersection(cells.columns, sort=False)).fillna("–")
    wide = wide.rename(columns=PER_CLASS, level=2).rename_axis(columns=[None] * 3)
    wide.insert(0, ("", "", "class"), classes)
    return _table("per_class", rows, wide, labels, number, f"{', '.join(PER_CLASS.values())} per class")


def global_table(long: pd.DataFrame, labels: Mapping, number: str | None) -> Table:
    """Accuracy and macro averages; arguments as of `per_class_table`."""
    rows = long[long["class"].isna()]
    cells = _cells(rows, "metric", ["block", "dataset"])
    columns = pd.MultiIndex.from_product([rows["block"].unique(), rows["dataset"].unique()])
    wide = cells.reindex(index=list(GLOBAL), columns=columns.intersection(cells.columns, sort=False)).fillna("–")
    wide = wide.rename_axis(columns=[None] * 2)
    wide.insert(0, ("", "metric"), list(GLOBAL.values()))
    return _table("global", rows, wide, labels, number, "global metrics")


def _cells(rows: pd.DataFrame, index: str, columns: Sequence[str]) -> pd.DataFrame:
    """The numbers as text: mean over seeds ± sample SD; of the thesis as printed, misprints starred and corrected."""
    cells = {}
    for keys, runs in rows.groupby([index, *columns], sort=False):
        first = runs.iloc[0]
        printed = first["block"] == "thesis"
        text = printed_text(first["value"], first["computed"]) if printed else cell(runs, "value", DECIMALS)
        cells[keys] = text
    return pd.Series(cells).rename_axis([index, *columns]).unstack(list(columns))


def _table(kind: str, rows: pd.DataFrame, wide: pd.DataFrame, labels: Mapping, number: str | None, shows: str) -> Table:
    title = f"{labels['backbone']}, stage {labels['stage']}, {shows}"
    name, leaky = f"{kind}_{labels['backbone']}_{labels['stage']}", set(rows.loc[rows["leaky"], "block"])
    wide = wide.reset_index(drop=True)
    return Table(name, title, rows, wide, wide.columns[:1], notes(rows), leaky, labels=labels, number=number)


def notes(rows: pd.DataFrame) -> list[str]:
    """How to read these tables."""
    lines = ["Test images; each class against the rest."]
    if (rows["block"] == "thesis").any():
        lines.append(
            "thesis: as printed, on ISIC 2019. * a misprint: in parentheses the value from the confusion matrix that "
            "the thesis printed. It did not report specificity, which also comes from its confusion matrix."
        )
    leaky = [name for name in rows.loc[rows["leaky"], "block"].unique() if name != "thesis"]
    if leaky:
        lines.append(f"LEAKY: test images of the thesis and of {', '.join(leaky)} share images with training.")
    return lines
