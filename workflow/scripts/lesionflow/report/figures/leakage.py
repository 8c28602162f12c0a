"""Figures of leakage: test images that share something with training, and pairs of duplicates."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesionflow.report.figures.style import COLOURS, save
from lesionflow.splits.audit import table as leakage_table
from lesionflow.splits.overlap_text import lesions_known


def leakage_by_class(path: str | Path, result: Mapping, split: Mapping, leaky: bool) -> None:
    """Percentage of the test and validation images of each class that share anything with training.

    `result` is from `audit.audit`, `split` names it: {"protocol": …, "seed": …} or {"audit": …}. Where a kind
    is not known for all images, the percentage is a lower bound.
    """
    overlap, known = leakage_table(result), lesions_known(result)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    ax = figure.subplots()
    parts, classes = list(dict.fromkeys(overlap["part"])), list(dict.fromkeys(overlap["class"]))
    width = 0.8 / len(parts)
    for number, (part, colour) in enumerate(zip(parts, COLOURS, strict=False)):
        rows = overlap[overlap["part"] == part].set_index("class").reindex(classes)
        height = 100 * rows["images_sharing"] / rows["images"]
        bars = ax.bar(np.arange(len(classes)) + number * width, height, width * 0.92, color=colour, label=part)
        ax.bar_label(bars, ["" if np.isnan(h) else f"{h:.0f}" for h in height], fontsize=8, padding=1)
    ax.set_xticks(np.arange(len(classes)) + (len(parts) - 1) * width / 2, classes)
    ax.set(ylabel="images sharing with training (%)", ylim=(0, 108), xlabel=known)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    figure.legend(loc="outside right center", frameon=False)
    whole = overlap[overlap["class"] == "all"]
    description = " ".join(
        f"{row['images_sharing']:,} of {row['images']:,} {row['part']} images share something with training."
        for _, row in whole.iterrows()
    )
    description += f" {known.capitalize()}."
    title = f"Images sharing with training: {', '.join(f'{key} {name}' for key, name in split.items())}"
    save(figure, path, "leakage", title, description, split, leaky)


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
    save(figure, path, "duplicates", title, f"{total} pairs of images show the same picture.")
