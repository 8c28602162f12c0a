"""Table 4.1: long for programs, wide for people."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lesionflow.evaluation.metrics import METRICS, shown_in
from lesionflow.report.tables.per_lesion import first_seen, lesion_notes, lesions_table, models
from lesionflow.report.tables.table import Table, cell, weights_name
from lesionflow.report.thesis_numbers import printed_text
from lesionflow.splits.overlap_text import RESAMPLED, shared_cell, unknown_lesions

KEYS = ["protocol", "backbone", "weights", "stage", "dataset", "seed"]
INTERVAL = ["balanced_accuracy_low", "balanced_accuracy_high"]
TEST = ["images", "images_sharing"]
for metric in METRICS:
    TEST += [metric.column, *(INTERVAL if metric.key == "balanced_accuracy" else [])]
PER_LESION = ["lesions", "images_without_lesion", "lesions_of_several_classes", *TEST[2:]]
VALID = ["images", "images_sharing", "accuracy", "balanced_accuracy"]
COST = ["time_s", "epochs", "params_trainable", "params_total"]
PUBLISHED = ["accuracy", "precision_macro", "sensitivity_macro", "f1_macro", *COST]
TEXT = ["Protocol", "Backbone", "Weights", "Dataset"]  # the other columns of the wide form are numbers
# Columns of the wide form that are numbers, and how many decimals each is printed with.
WIDE = {
    "Valid. acc.": ("valid_accuracy", 3),
    **{metric.header: (metric.column, metric.decimals) for metric in shown_in("results")},
    "Time (s)": ("time_s", 0),
    "Epochs": ("epochs", 0),
    "Trainable par.": ("params_trainable", 0),
    "Total par.": ("params_total", 0),
}


def results(
    cards: Sequence[Mapping],
    metrics: Sequence[Mapping],
    leaky: Collection[str],
    pretrained_on: Mapping[str, str],
    published_as: Mapping[str, str],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """One row per protocol, backbone, stage, dataset and seed: KEYS, metrics, what the thesis printed.

    The folds of a cross-fitted model are one row, whose `seed` is of the model that represents its several `models`.

    `cards` (model.json) and `metrics` (metrics.json) are of the same models in the same order; `leaky` names
    protocols. By our backbone, `pretrained_on` says what its weights were trained on and `published_as` names the
    thesis' backbone. `published` is from `published.printed`. Metrics are fractions (0–1) on test images, unless named
    `valid_…` or `per_lesion_…`, which are missing where no lesion is known; times are in seconds.
    """
    rows = []
    for card, result in zip(cards, metrics, strict=True):
        keys = {key: card[key] for key in KEYS} | {
            "weights": weights_name(card["weights"], pretrained_on.get(card["backbone"]))
        }
        keys |= {"stage": int(card["stage"]), "seed": int(result.get("seed", card["seed"]))}
        row = keys | {key: result["test"][key] for key in TEST}
        row |= {f"valid_{key}": result["valid"][key] for key in VALID}
        lesions = result["test"]["per_lesion"] or {}
        row |= {f"per_lesion_{key}": lesions.get(key, np.nan) for key in PER_LESION}
        row |= {"lesions_known": result["known"]["lesion"], "images_audited": result["images_audited"]}
        row |= {"models": result.get("models", 1)}
        row |= {key: result[key] for key in COST} | {"leaky": card["protocol"] in leaky}
        rows.append(row | {"published_as": published_as.get(card["backbone"])})
    table = pd.DataFrame(rows).join(published, on=["published_as", "stage", "dataset"])
    counts = [*(f"published_{key}" for key in COST), *(f"per_lesion_{key}" for key in PER_LESION[:3])]
    table[counts] = table[counts].round().astype("Int64")  # whole numbers, though some are missing
    return table


def results_table(long: pd.DataFrame) -> Table:
    """Return Table 4.1: one row per protocol, backbone, stage and dataset, the thesis first.

    A cell is the mean over seeds, "± sample SD" if there are several. Balanced accuracy of a single seed, or of pooled
    folds, has its 95 % interval in parentheses.
    """
    rows, labels = [], []
    ours = long.groupby("published_as")["backbone"].unique()
    for _, run in _printed(long).iterrows():
        names = ("thesis", run["published_as"], "ImageNet", str(run["stage"]), run["dataset"], "–")
        rows.append(_names(*names) | {name: _printed_cell(run, *how) for name, how in WIDE.items()})
        labels.append(_labels("thesis", " ".join(ours[run["published_as"]]), run["stage"], run["dataset"]))
    for (protocol, backbone, weights, stage, dataset), runs in models(long):
        names = (protocol, backbone, weights, str(stage), dataset, shared_cell(runs))
        rows.append(_names(*names) | {name: cell(runs, *how) for name, how in WIDE.items()})
        labels.append(_labels(protocol, backbone, stage, dataset))
    leaky = {"thesis", *long.loc[long["leaky"], "protocol"]}
    title, more = "results of all models", lesions_table(long)
    return Table(
        "table_4_1", title, long, pd.DataFrame(rows), TEXT, notes(long), leaky, labels, number="4.1", more=more
    )


def _names(*names: str) -> dict[str, str]:
    """Return the leading text columns."""
    return dict(zip(("Protocol", "Backbone", "Weights", "Stage", "Dataset", "Shared"), names, strict=True))


def _labels(*names: Any) -> dict[str, str]:
    """Return the labels that filter rows of the report; rows of the thesis have our backbone names."""
    return dict(zip(("protocol", "backbone", "stage", "dataset"), map(str, names), strict=True))


def _printed(table: pd.DataFrame) -> pd.DataFrame:
    """One row per run that the thesis printed."""
    keys = ["published_as", "stage", "dataset"]
    printed = table[table["published_accuracy"].notna()].drop_duplicates(keys)
    return printed.sort_values(keys, key=first_seen, kind="stable")


def _printed_cell(run: pd.Series, metric: str, decimals: int = 2) -> str:
    """Return a printed value, misprints starred, with the value from the confusion matrix in parentheses."""
    return printed_text(run.get(f"published_{metric}", np.nan), run.get(f"computed_{metric}", np.nan), decimals)


def notes(long: pd.DataFrame) -> list[str]:
    """Return the notes of Table 4.1, only those that apply to this table."""
    seeds = long.loc[long["models"] == 1, "seed"].nunique()
    pooled = cross_fitted_notes(long)
    metrics = ", ".join(
        f"{metric.header} {metric.name}" for metric in shown_in("results") if metric.header != metric.name
    )
    lines = [
        f"Metrics are on test images, as fractions (0–1): {metrics}. Precision, sensitivity, specificity and F1 are of "
        "each class against the rest, averaged over classes (macro). Valid. acc.: accuracy on validation images. "
        "Time: training time of that stage alone; par.: parameters. Shared: test images that share a file, pixels, a "
        "near duplicate, a lesion, a patient or a SMOTE parent with training.",
        *([f"Mean ± sample standard deviation over {seeds} seeds."] if seeds > 1 else []),
        *([f"In parentheses: 95 % bootstrap interval, {RESAMPLED}."] if seeds < 2 or pooled else []),
        *pooled,
        *unknown_lesions(long, "protocol"),
        *lesion_notes(long["protocol"].unique(), set(long.loc[long["per_lesion_lesions"].notna(), "protocol"])),
    ]
    if long["published_accuracy"].notna().any():
        lines.append(
            "thesis: as printed, on ISIC 2019, with test images among its training images. * a misprint: in "
            "parentheses the value from the confusion matrix that it printed. Its column Sen holds macro precision "
            "(here Prec.), its column Esp macro sensitivity (here Sens.). It did not report specificity: Spec., which "
            "should be printed as Esp in the thesis, is in parentheses, from its confusion matrices. Its accuracy on "
            "validation images is from its logs and figures."
        )
    for backbone in long.loc[long["weights"] == "none", "backbone"].unique():
        lines.append(f"Weights none: {backbone} started from random initialisation, without pretrained weights.")
    for protocol in long.loc[long["leaky"], "protocol"].unique():
        lines.append(
            f"LEAKY: under {protocol}, test images are known to share images or lesions with training; its test "
            "metrics do not hold for new images."
        )
    return lines


def cross_fitted_notes(long: pd.DataFrame) -> list[str]:
    """What is pooled and what averaged: a sentence for each cross-fitted protocol."""
    averaged = ", ".join(metric.name for metric in METRICS if metric.averaged)
    folds = long[long["models"] > 1].drop_duplicates("protocol")
    return [
        f"{protocol}: cross-fitted; each row is of {models} models, one per fold, which together test every lesion "
        f"once per partition. Test metrics are of their pooled predictions; {averaged} (in the CSV), validation "
        "accuracy, time and epochs are means over folds."
        for protocol, models in folds[["protocol", "models"]].itertuples(index=False)
    ]
