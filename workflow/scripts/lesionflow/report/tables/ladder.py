"""The ladder: what one recipe claims on splits that leak less and less, and what is true of it."""

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.report.tables.style import cell, markup, styled, text_columns
from lesionflow.splits.overlap_text import RESAMPLED, shared_cell, unknown_lesions


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
        else f"In parentheses: 95 % bootstrap interval, {RESAMPLED}.",
        *unknown_lesions(table, "rung"),
    ]


def markdown(table: pd.DataFrame) -> str:
    """The ladder in Markdown, with its notes."""
    return page("Ladder of leakage", wide(table), ["Split"], notes(table))


def html(table: pd.DataFrame) -> Styler:
    """The ladder as a Styler."""
    text = wide(table)
    return styled(text, "ladder").format(markup).set_td_classes(text_columns(text, ["Split"]))
