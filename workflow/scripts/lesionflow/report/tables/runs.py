"""Tables 3.1 to 3.13: what the metrics are, and those of one backbone and stage, printed, reproduced and corrected."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from markupsafe import Markup
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.report.published import printed_text
from lesionflow.report.tables.style import cell, markup, styled, text_columns

PER_CLASS = {"precision": "precision", "sensitivity": "sensitivity", "f1": "F1"}
GLOBAL = {
    "accuracy": "accuracy",
    "precision_macro": "precision, macro",
    "sensitivity_macro": "sensitivity, macro",
    "specificity_macro": "specificity, macro",
    "f1_macro": "F1, macro",
}
MATRIX_TITLE = "Table 3.1: The confusion matrix of one class against the rest, explained"
MATRIX = pd.DataFrame(
    [
        ("of the class", "TP, true positive: found", "FN, false negative: missed"),
        ("of another class", "FP, false positive: taken for the class", "TN, true negative: rightly left out"),
    ],
    columns=pd.MultiIndex.from_tuples(
        [("", "test image"), ("predicted as", "the class"), ("predicted as", "another class")]
    ),
)
METRICS = [
    "precision = TP / (TP + FP): how many of those predicted as the class are of it. It changes with how frequent the "
    "class is among the test images, which is not how frequent it is in a clinic.",
    "sensitivity = TP / (TP + FN): how many images of the class are found. With specificity it depends on which images "
    "are tested, but not on how many each class has.",
    "specificity = TN / (TN + FP): how many images of all other classes are left out. With many classes nearly every "
    "answer leaves most classes out: a high specificity says little.",
    "F1 = 2 TP / (2 TP + FP + FN): the harmonic mean of precision and sensitivity; true negatives do not count.",
    "accuracy = right answers / all images, over all classes at once; a frequent class counts more.",
    "balanced accuracy = mean sensitivity of the classes; guessing reaches one by the number of classes. Macro means "
    "are of the classes too, each counting the same.",
]


def title(number: str | None, backbone: str, stage: int, kind: str) -> str:
    """Title of a table, with its number in the thesis if it has one."""
    return f"Table {number}: " * bool(number) + f"{backbone}, stage {stage}, {kind}"


def long_form(
    cards: Sequence[Mapping], metrics: Sequence[Mapping], published: pd.DataFrame, leaky: Collection[str]
) -> pd.DataFrame:
    """Columns block, leaky, dataset, seed, class, metric, value and computed, one row a number.

    `cards` (model.json) and `metrics` (metrics.json) are of the models of one backbone and stage, in the same
    order; `published`, from `published.runs`, is of the same backbone and stage, or empty. A number of the thesis
    has beside it, as computed, what the confusion matrix that it printed gives. Class is empty for global metrics.
    """
    rows = []
    for card, result in zip(cards, metrics, strict=True):
        keys = {"block": card["protocol"], "leaky": card["protocol"] in leaky}
        keys |= {"dataset": card["dataset"], "seed": card["seed"]}
        test = result["test"]
        rows += [keys | {"metric": key, "value": test[key]} for key in GLOBAL]
        for name, values in test["per_class"].items():
            rows += [keys | {"class": name, "metric": key, "value": values[key]} for key in PER_CLASS]
    thesis = published.assign(block="thesis", leaky=True)
    columns = ["block", "leaky", "dataset", "seed", "class", "metric", "value", "computed"]
    return pd.concat([thesis, pd.DataFrame(rows)] if len(thesis) else [pd.DataFrame(rows)]).reindex(columns=columns)


def wide(long: pd.DataFrame, names: Mapping[str, str], classes: Sequence[str] = ()) -> pd.DataFrame:
    """Text, with columns (block, dataset, metric): a row per class; without `classes` a row per metric of `names`."""
    rows = long[long["class"].isin(classes)] if classes else long[long["class"].isna()]
    block = rows["block"] + rows["leaky"].map({True: " LEAKY", False: ""})
    cells: dict[tuple, dict] = {}
    for (column, dataset, name, metric), runs in rows.fillna({"class": ""}).groupby(
        [block, "dataset", "class", "metric"], sort=False
    ):
        key = (column, dataset, names[metric]) if classes else (column, dataset, "")
        cells.setdefault(key, {})[name if classes else names[metric]] = _cell(runs)
    order = sorted(cells, key=lambda key: [list(block.unique()).index(key[0]), *_places(key, rows, names)])
    table = pd.DataFrame(cells)[order].reindex([name for name in classes or names.values()]).fillna("–")
    table.insert(0, ("", "", "class" if classes else "metric"), table.index)
    return table.reset_index(drop=True)


def _places(key: tuple, rows: pd.DataFrame, names: Mapping[str, str]) -> list[int]:
    datasets, metrics = list(rows["dataset"].unique()), ["", *names.values()]
    return [datasets.index(key[1]), metrics.index(key[2])]


def _cell(runs: pd.DataFrame) -> str:
    """One number: mean over seeds ± sample SD; of the thesis what it printed, a misprint starred and corrected."""
    first = runs.iloc[0]
    if first["block"] != "thesis":
        return cell(runs, "value", 2)
    return printed_text(first["value"], first["computed"])


def notes(long: pd.DataFrame) -> list[str]:
    """How to read these tables."""
    lines = ["Test images; each class against the rest."]
    if (long["block"] == "thesis").any():
        lines.append(
            "thesis: as printed, of ISIC 2019. * a misprint: in parentheses what the confusion matrix that it printed "
            "gives. It never computed specificity: that too comes from its confusion matrix."
        )
    leaky = [name for name in long.loc[long["leaky"], "block"].unique() if name != "thesis"]
    if leaky:
        lines.append(f"LEAKY: test images of the thesis and of {', '.join(leaky)} share images with training.")
    return lines


def markdown(title: str, table: pd.DataFrame, lines: Sequence[str]) -> str:
    """A table of this module in Markdown, with its notes."""
    flat = table.set_axis([" ".join(filter(None, column)) for column in table.columns], axis=1)
    return page(title, flat, flat.columns[:1], lines)


def html(name: str, title: str, table: pd.DataFrame) -> Styler:
    """A table of this module as a Styler with its caption; `name` is its id."""
    columns = list(table.columns)
    if not any(metric for _, _, metric in columns[1:]):  # global metrics need one level less
        columns = [(block, dataset or metric) for block, dataset, metric in columns]
    shown = table.set_axis(pd.MultiIndex.from_tuples(columns), axis=1)
    styler = styled(shown, name).set_caption(title).format(markup).format_index(markup, axis=1)
    return styler.set_td_classes(text_columns(shown, [shown.columns[0]]))


def matrix_html() -> str:
    """Table 3.1 as HTML, with its notes."""
    styler = styled(MATRIX, "table_3_1").set_caption(MATRIX_TITLE)
    table = styler.set_td_classes(text_columns(MATRIX, MATRIX.columns)).to_html()
    items = Markup("").join(Markup("<li>{}</li>\n").format(line) for line in METRICS)
    return f"{table}<ul>\n{items}</ul>\n"
