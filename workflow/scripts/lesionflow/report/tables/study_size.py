"""The table of what a study of a collection can detect, known before any training."""

import pandas as pd

from lesionflow.report.tables.table import Table
from lesionflow.splits.study_size import DESIGNS, Assumptions, what_it_takes


def study_size_table(size: pd.DataFrame, test: int, margin: float) -> Table:
    """The Table of `splits.study_size.study_size`; `test` images per class in one split, `margin` of the config."""
    wide = pd.DataFrame({"Class": size["class"]})
    for header, name in (("Images", "images"), ("Lesions", "lesions"), ("Folds possible", "folds")):
        wide[header] = [f"{value:,}" for value in size[name]]
    for name, header in DESIGNS.items():
        wide[header] = ["–" if pd.isna(value) else f"{value:.3f}" for value in size[name]]
    return Table("study_size", "Size of the study", size, wide, ["Class"], notes(size, test, margin))


def notes(size: pd.DataFrame, test: int, margin: float) -> list[str]:
    """How to read the table."""
    given = Assumptions()
    return [
        f"To detect a difference of {margin:g} in balanced accuracy: {what_it_takes(size, margin)}.",
        "From labels and metadata alone. Each image of unknown lesion counts as one lesion."
        " Duplicates are not known yet.",
        "Folds possible: by the groups of a class, lesions or patients that stay together. In the row of all "
        "classes, the smallest number of any class.",
        "Last row: the smallest true difference in balanced accuracy between two models that is detected with 80 % "
        "power at the two-sided level 0.05 (single contrast; Holm's method for several needs more). Seeds: each draws "
        f"{test} test images per class, where there are so many, and trains both models. Cross-fitting: each partition "
        "tests every image once. The columns are in the order of the number of trainings, with 5 folds per partition.",
        f"Assumed: only one of the models classifies an image correctly in {100 * given.discordance:g} % of images; "
        f"correlation of this within lesions {given.lesion_correlation:g} and between seeds {given.persistence:g}; "
        f"standard deviation between trainings {given.training:g}. Fine-tuned networks may differ.",
    ]
