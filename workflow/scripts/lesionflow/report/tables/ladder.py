"""The ladder: what one recipe claims on splits that leak less and less, and what is true of it."""

from collections.abc import Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.evaluation.metrics import balanced_accuracy_interval
from lesionflow.markdown import page
from lesionflow.report.tables.results import cell, markup, styled, text_columns
from lesionflow.splits.overlap_text import DRAWN, shared_cell, unknown_lesions


def judge(
    rung: str, card: Mapping, leakage: Mapping, known: pd.DataFrame, test: pd.DataFrame, clean: pd.DataFrame
) -> dict:
    """One row of ladder.csv, from model.json, leakage.json and predictions for test and clean images.

    `known` has image, label and group; predictions have image and one probability a class.
    """
    names = {key: card[key] for key in ("backbone", "weights", "dataset", "stage", "seed", "training_images")}
    shared = {"test_images_sharing": leakage["test"]["images_sharing"]}
    shared |= {"lesions_known": leakage["known"]["lesion"], "images_audited": leakage["images_audited"]}
    known = known.set_index("image")
    judged = _judge(test, known, "test") | shared | _judge(clean, known, "clean")
    return {"rung": rung, "leaky": leakage["leaky"]} | names | judged


def _judge(answers: pd.DataFrame, known: pd.DataFrame, prefix: str) -> dict:
    """Balanced accuracy, over the classes there are, with its 95 % interval over lesions."""
    truth = known.loc[answers["image"]]
    label, answer = truth["label"].to_numpy(), answers.drop(columns="image").idxmax(axis=1).to_numpy()
    low, high = balanced_accuracy_interval(label, answer, truth["group"])
    found = {
        "images": len(truth),
        "classes": truth["label"].nunique(),
        "balanced_accuracy": float(pd.Series(label == answer).groupby(label).mean().mean()),
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
    }
    return {f"{prefix}_{key}": value for key, value in found.items()}


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The ladder as text, one row a rung: means over seeds ± sample SD, or a seed's 95 % interval."""
    rows = []
    for rung, runs in table.groupby("rung", sort=False):
        gap = runs["test_balanced_accuracy"] - runs["clean_balanced_accuracy"]
        rows.append(
            {
                "Split": rung + (" LEAKY" if runs["leaky"].any() else ""),
                "Training images": f"{runs['training_images'].mean():,.0f}",
                "Own test images": f"{runs['test_images'].mean():,.0f}",
                "Classes": f"{runs['test_classes'].min()}",
                "Shared": shared_cell(runs, "test_"),
                "Bal. acc., own test": cell(runs, "test_balanced_accuracy"),
                "Bal. acc., clean images": cell(runs, "clean_balanced_accuracy"),
                "Difference": f"{gap.mean():+.3f}" + (f" ± {gap.std():.3f}" if len(gap) > 1 else ""),
            }
        )
    return pd.DataFrame(rows)


def notes(table: pd.DataFrame) -> list[str]:
    """How to read the ladder."""
    first, seeds = table.iloc[0], table["seed"].nunique()
    return [
        f"{first['backbone']}, stage {first['stage']}, dataset {first['dataset']}: the same recipe, equally many "
        f"training images of each class and the same {first['clean_images']} clean images for every split. Clean "
        "images share no file, pixels, near duplicate, known lesion or SMOTE parent with training.",
        "Own test: what a study with this split would report. Shared: share of its own test images that share "
        "something with training. Classes: how many the own test images have. Difference: own test less clean.",
        f"Mean ± sample standard deviation over {seeds} seeds."
        if seeds > 1
        else f"In parentheses: 95 % bootstrap interval, {DRAWN}.",
        *unknown_lesions(table, "rung"),
    ]


def markdown(table: pd.DataFrame) -> str:
    """The ladder in Markdown, with its notes."""
    return page("Ladder of leakage", wide(table), ["Split"], notes(table))


def html(table: pd.DataFrame) -> Styler:
    """The ladder as a Styler."""
    text = wide(table)
    return styled(text, "ladder").format(markup).set_td_classes(text_columns(text, ["Split"]))
