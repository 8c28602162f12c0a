"""Table of the ladder: one recipe on splits that leak less and less."""

import pandas as pd

from lesionflow.report.tables.table import Table, cell
from lesionflow.splits.overlap_text import RESAMPLED, shared_cell, unknown_lesions


def ladder_table(long: pd.DataFrame) -> Table:
    """Return ladder.csv as a Table, one row per rung: mean over seeds ± sample SD, or 95 % interval of one seed."""
    rows = []
    for rung, runs in long.groupby("rung", sort=False):
        gap = runs["test_balanced_accuracy"] - runs["clean_balanced_accuracy"]
        rows.append(
            {
                "Split": rung,
                "Training images": f"{runs['training_images'].mean():,.0f}",
                "Own test images": f"{runs['test_images'].mean():,.0f}",
                "Classes": f"{runs['test_classes'].min()}",
                "Shared": shared_cell(runs, "test_"),
                "Bal. acc., own test": cell(runs, "test_balanced_accuracy"),
                "Bal. acc., clean images": cell(runs, "clean_balanced_accuracy"),
                "Difference": f"{gap.mean():+.3f}" + (f" ± {gap.std():.3f}" if len(gap) > 1 else ""),
            }
        )
    leaky = set(long.loc[long["leaky"], "rung"])
    return Table("ladder", "Ladder of leakage", long, pd.DataFrame(rows), ["Split"], notes(long), leaky)


def notes(long: pd.DataFrame) -> list[str]:
    """How to read the ladder."""
    first, seeds = long.iloc[0], long["seed"].nunique()
    return [
        f"{first['backbone']}, stage {first['stage']}, dataset {first['dataset']}: every split has the same recipe, "
        f"the same number of training images per class and the same {first['clean_images']} clean images. Clean "
        "images share no file, pixels, near duplicate, known lesion, known patient or SMOTE parent with training.",
        "Own test: what a study with this split would report. Shared: percentage of its own test images that share "
        "something with training. Classes: number of classes in the own test images. Difference: own test − clean.",
        f"Mean ± sample standard deviation over {seeds} seeds."
        if seeds > 1
        else f"In parentheses: 95 % bootstrap interval, {RESAMPLED}.",
        *unknown_lesions(long, "rung"),
    ]
