"""The figure of public splits: how many test images show a lesion of the training images?"""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from lesionflow.report.figures.style import COLOURS, save


def shares(path: str | Path, audits: pd.DataFrame) -> None:
    """Share of test images whose lesion is in training, of each split of audits.csv or of the register itself.

    Folds of a split are one line, from the least to the greatest, with a point at the mean. Splits without counts are
    left out.
    """
    rows = share_by_split(audits)
    sizes = rows.groupby("dataset").size().sort_values(ascending=False)
    figure = Figure(figsize=(8, 1.2 + 0.2 * len(rows) + 0.4 * len(sizes)), layout="constrained")
    axes = figure.subplots(len(sizes), squeeze=False, sharex=True, height_ratios=sizes + 1)[:, 0]
    for ax, dataset, colour in zip(axes, sizes.index, COLOURS, strict=False):
        some = rows[rows["dataset"] == dataset].reset_index()
        ax.hlines(some.index, some["min"], some["max"], color=colour, lw=3, alpha=0.5)
        ax.plot(some["mean"], some.index, "o", color=colour, clip_on=False)
        for row, split in some.iterrows():
            ax.text(split["max"] + 1.5, row, f"{split['mean']:.1f} %", va="center", fontsize=7.5)
        folds = some["count"].map(lambda count: f" ({count} folds)" if count > 1 else "")
        ax.set_yticks(some.index, some["split"] + folds, fontsize=8)
        ax.set(ylim=(len(some) - 0.4, -0.6), xlim=(-1.5, 100), title=f"{dataset}: {len(some)} splits")
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
    axes[-1].set_xlabel("test images whose lesion is also in training (%), at least")
    values = rows["split"] + " " + rows["mean"].map("{:.1f} %".format)
    seen = int((rows["max"] > 0).sum())
    description = f"In {seen} of {len(rows)} public splits, lesions of test images are in training. "
    description += f"Mean over folds: {'; '.join(values)}."
    save(figure, path, "register", "How many test images show a lesion of the training images?", description)


def share_by_split(audits: pd.DataFrame) -> pd.DataFrame:
    """Return split, dataset, and mean, min and max over `count` folds of the share in percent, the highest first."""
    known = audits.dropna(subset="test_sharing_lesion")
    share = (100 * known["test_sharing_lesion"] / known["test"]).astype(float)
    split = known["name"].str.replace(r"_fold\d+$", "", regex=True).rename("split")
    rows = share.groupby([split, known["dataset"]]).agg(["mean", "min", "max", "count"])
    return rows.reset_index().sort_values(["mean", "split"], ascending=[False, True], ignore_index=True)
