"""Figures of leakage: shares of test images that training knows, near duplicates, and the ladder of protocols."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesionflow.report.figures.style import COLOURS, save, split_keywords
from lesionflow.splits.audit import table as leakage_table
from lesionflow.splits.overlap_text import lesions_known


def leakage_by_class(path: str | Path, result: Mapping, split: Sequence[str], title: str, leaky: bool) -> None:
    """Share of the test and validation images of each class that share anything with training.

    `result` is from `leakage.audit`, `split` as for `split_keywords`. What is not known of all images is shared by so
    many at least.
    """
    shares, known = leakage_table(result), lesions_known(result)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    ax = figure.subplots()
    parts, classes = list(dict.fromkeys(shares["part"])), list(dict.fromkeys(shares["class"]))
    width = 0.8 / len(parts)
    for number, (part, colour) in enumerate(zip(parts, COLOURS, strict=False)):
        rows = shares[shares["part"] == part].set_index("class").reindex(classes)
        height = 100 * rows["images_sharing"] / rows["images"]
        bars = ax.bar(np.arange(len(classes)) + number * width, height, width * 0.92, color=colour, label=part)
        ax.bar_label(bars, ["" if np.isnan(h) else f"{h:.0f}" for h in height], fontsize=8, padding=1)
    ax.set_xticks(np.arange(len(classes)) + (len(parts) - 1) * width / 2, classes)
    ax.set(ylabel="images that share with training (%)", ylim=(0, 108), xlabel=known)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    figure.legend(loc="outside right center", frameon=False)
    whole = shares[shares["class"] == "all"]
    description = " ".join(
        f"{row['images_sharing']:,} of {row['images']:,} {row['part']} images share with training."
        for _, row in whole.iterrows()
    )
    description += f" {known.capitalize()}."
    save(figure, path, ["leakage", *split_keywords(split)], title, description, leaky)


def ladder(path: str | Path, table: pd.DataFrame, collection: str, classes: int) -> None:
    """Balanced accuracy of each rung's model on its own test images and on the clean ones; `table` is ladder.csv.

    Bars are the 95 % interval of a single seed; of several, the mean has the range of the seeds.
    """
    rungs = list(dict.fromkeys(table["rung"]))
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    ax = figure.subplots()
    looks = {
        "test": ("own test images", {"marker": "o", "mfc": COLOURS[4], "color": COLOURS[4]}, -0.09),
        "clean": ("clean images, the same for every split", {"marker": "s", "mfc": "white", "color": COLOURS[0]}, 0.09),
    }
    sentences = []
    for part, (label, look, shift) in looks.items():
        runs = table.groupby("rung", sort=False)[[f"{part}_balanced_accuracy{end}" for end in ("", "_low", "_high")]]
        mean = runs.mean().to_numpy()[:, 0]
        low, high = runs.min().to_numpy()[:, 0], runs.max().to_numpy()[:, 0]
        if table["seed"].nunique() == 1:
            low, high = runs.first().to_numpy()[:, 1:].T
        x = np.arange(len(rungs)) + shift
        ax.errorbar(x, mean, [mean - low, high - mean], ls="", ms=9, mew=1.8, lw=1.8, capsize=4, label=label, **look)
        for place, value in zip(x, mean, strict=True):
            side = -1 if shift < 0 else 1
            ax.annotate(f"{value:.2f}", (place, value), (9 * side, 0), textcoords="offset points",
                        ha="right" if side < 0 else "left", va="center", fontsize=9)  # fmt: skip
        values = ", ".join(f"{rung} {value:.2f}" for rung, value in zip(rungs, mean, strict=True))
        sentences.append(f"Balanced accuracy on {label}: {values}.")
    ax.axhline(1 / classes, color="#767676", ls="--", lw=1, label="chance")
    leaks = table.groupby("rung", sort=False)["leaky"].any()
    ax.set_xticks(range(len(rungs)), [f"{rung}\nLEAKY" if leaks[rung] else rung for rung in rungs])
    for tick, leaky in zip(ax.get_xticklabels(), leaks, strict=True):
        tick.set(color="#b00020" if leaky else "black", fontweight="bold" if leaky else "normal")
    ax.set(ylabel="balanced accuracy", ylim=(0, 1.02), xlim=(-0.5, len(rungs) - 0.5))
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    figure.legend(loc="outside lower center", frameon=False, ncols=3)
    first = table.iloc[0]
    title = f"Ladder of leakage: {collection}, {first['backbone']}, stage {first['stage']}"
    save(figure, path, ["ladder"], title, " ".join(sentences), leaky=False)


def duplicate_pairs(path: str | Path, pairs: pd.DataFrame, pixels: np.ndarray, total: int) -> None:
    """Pairs of images that show the same picture, side by side.

    `pairs` has first, second and kind (n rows); `pixels`, uint8 [n, 2, size, size, 3], their packed images; `total`
    is how many pairs were found.
    """
    across = 4
    down = max(1, -(-len(pairs) // across))
    figure = Figure(figsize=(9.6, 0.7 + 1.55 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, images, pair in zip(axes, pixels, pairs.itertuples(), strict=False):
        gap = np.full((images.shape[1], max(2, images.shape[1] // 24), 3), 255, np.uint8)
        ax.imshow(np.concatenate([images[0], gap, images[1]], axis=1))
        ax.set_title(f"{pair.first}\n{pair.second}\n{pair.kind}", fontsize=6.5)
    if not len(pairs):
        axes[0].text(0, 0.5, "No two images show the same picture.", fontsize=10)
    title = f"Duplicates: {len(pairs)} of {total} pairs" if len(pairs) < total else f"Duplicates: {total} pairs"
    save(figure, path, ["duplicates"], title, f"{total} pairs of images show the same picture.", leaky=False)
