"""Table 4.1: long for programs, wide for people."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.report.published import printed_text
from lesionflow.report.tables.style import cell, markup, styled, text_columns, weights_name
from lesionflow.splits.overlap_text import RESAMPLED, shared_cell, unknown_lesions

KEYS = ["protocol", "backbone", "weights", "stage", "dataset", "seed"]
TEST = [
    "images", "images_sharing", "accuracy", "balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high",
    "precision_macro", "sensitivity_macro", "specificity_macro", "f1_macro", "f1_micro", "f1_weighted",
    "auroc_macro",
]  # fmt: skip
VALID = ["images", "images_sharing", "accuracy", "balanced_accuracy"]
COST = ["time_s", "epochs", "params_trainable", "params_total"]
PUBLISHED = ["accuracy", "precision_macro", "sensitivity_macro", "f1_macro", *COST]
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


def table_4_1(
    cards: Sequence[Mapping],
    metrics: Sequence[Mapping],
    leaky: Collection[str],
    pretrained_on: Mapping[str, str],
    published_as: Mapping[str, str],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """One row per protocol, backbone, stage, dataset and seed: KEYS, metrics, what the thesis printed.

    `cards` (model.json) and `metrics` (metrics.json) are of the same models in the same order; `leaky` names
    protocols. By our backbone, `pretrained_on` says what its weights were trained on and `published_as` names the
    thesis' backbone. `published` is from `published.printed`. Metrics are of the test images and fractions (0 to 1),
    unless named `valid_…`; times are seconds.
    """
    rows = []
    for card, result in zip(cards, metrics, strict=True):
        keys = {key: card[key] for key in KEYS} | {
            "weights": weights_name(card["weights"], pretrained_on.get(card["backbone"]))
        }
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


def printed_cell(run: pd.Series, metric: str, decimals: int = 2) -> str:
    """What the thesis printed of a run: a misprint starred, with what its confusion matrix gives in parentheses."""
    return printed_text(run.get(f"published_{metric}"), run.get(f"computed_{metric}"), decimals)


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
        else f"In parentheses: 95 % bootstrap interval, {RESAMPLED}.",
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
