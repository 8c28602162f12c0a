"""Figures 1.1 and 3.1 to 3.5 of the thesis: the data; and the class counts of any split.

`split` is {"protocol": …, "seed": …}; `counts` is from `class_counts`; pixels are RGB, 0 to 255.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from lesionflow.report.figures.panels import DPI, GREY, class_bars, listed, save_numbered, show_pictures
from lesionflow.report.figures.style import COLOURS, save, split_title

RESOLUTIONS = 12  # the rest is summed


def sample_images(path: str | Path, pixels: np.ndarray, classes: Sequence[str], names: Mapping[str, str]) -> None:
    """Figure 1.1: one image per class, uint8 [classes, size, size, 3]; `names` writes classes out."""
    rows = -(-len(classes) // 4)
    figure = Figure(figsize=(9, 0.4 + 2.5 * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, 4, squeeze=False).ravel()
    show_pictures(axes, pixels, [f"{name}\n{names.get(name, '')}".strip() for name in classes])
    description = f"One image of each of {', '.join(names.get(name, name) for name in classes)}."
    save_numbered(figure, path, "1.1", "One sample per class", description)


def resolution_counts(manifest: pd.DataFrame) -> pd.Series:
    """Images by "width × height", most frequent first, those after the first RESOLUTIONS summed."""
    counts = manifest.groupby(["width", "height"]).size().sort_values(ascending=False, kind="stable")
    counts.index = [f"{width} × {height}" for width, height in counts.index]
    shown, rest = counts.iloc[:RESOLUTIONS], counts.iloc[RESOLUTIONS:]
    return pd.concat([shown, pd.Series({f"{len(rest)} more": rest.sum()})]) if len(rest) else shown


def resolutions(path: str | Path, manifest: pd.DataFrame) -> None:
    """Figure 3.1: image resolutions and their counts; `manifest` has width and height in pixels."""
    counts = resolution_counts(manifest)
    figure = Figure(figsize=(9, max(2.4, 1.2 + 0.27 * len(counts))), layout="constrained")
    ax = figure.subplots()
    bars = ax.barh(range(len(counts)), counts, color=[*[COLOURS[0]] * RESOLUTIONS, GREY][: len(counts)])
    texts = [f"{count:,} ({100 * count / len(manifest):.1f}%)" for count in counts]
    ax.bar_label(bars, texts, fontsize=9, padding=3)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(xlabel="images", ylabel="width × height (pixels)", xlim=(0, 1.18 * counts.max()))
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.invert_yaxis()
    save_numbered(figure, path, "3.1", f"Resolutions of {len(manifest):,} images", listed(counts.index, texts))


def collection_classes(path: str | Path, labels: pd.Series, classes: Sequence[str]) -> None:
    """Figure 3.2: images per class in the collection."""
    counts = labels.value_counts().reindex(classes)
    texts = [f"{count:,}\n{100 * count / len(labels):.1f}%" for count in counts]
    figure = class_bars(classes, counts, texts, GREY)
    save_numbered(figure, path, "3.2", f"Classes of {len(labels):,} images", listed(classes, counts))


def preparation(
    path: str | Path, files: int, size: int, counts: pd.DataFrame, copied: int, split: Mapping, leaky: bool
) -> None:
    """Figure 3.3: the number of images after each step of data preparation.

    `files` were found, their images packed to `size` × `size` pixels; `copied` test images are training images too.
    """
    lists = [name.removesuffix(" real") for name in counts if name.endswith(" real")]
    parts = [part for part in ("train", "valid", "test", "unused") if counts[part].any()]
    totals = counts.drop(columns="class").sum()
    rows = max(len(parts), len(lists))
    figure = Figure(figsize=(9, 1 + 0.8 * rows), layout="constrained")
    ax = figure.subplots()
    ax.set(xlim=(-0.45, 3.45), ylim=(rows - 0.5, -0.8))
    ax.set_axis_off()
    for column, step in enumerate(("collect", "pack", "split", "balance")):
        ax.text(column, -0.7, f"{column + 1}. {step}", ha="center", fontweight="bold")
    left_out = f"{files - totals['raw']:,} left out"
    _box(ax, (0, 0), "raw images", f"{files:,} files", "#eeeeee")
    _box(ax, (1, 0), f"{size} × {size} pixels", f"{totals['raw']:,} images\n{left_out}", "#eeeeee", (0, 0))
    for row, part in enumerate(parts):
        words = f"{totals[part]:,} images\n{_span(counts[part])} per class"
        if part == "test" and copied:
            words = f"{totals[part]:,} images\n{copied:,} also in train"
        _box(ax, (2, row), part, words, "#f6c7b6" if part == "test" and copied else "#cfe6f5", (1, 0))
    for row, name in enumerate(lists):
        words = f"{totals[f'{name} real']:,} real\n{totals[f'{name} synthetic']:,} synthetic"
        _box(ax, (3, row), name, words, "#bfe3d6", (2, 0))
    description = f"{files:,} files, {left_out}. {listed(parts, totals[parts])} "
    description += listed(lists, [f"{totals[f'{name} real']} + {totals[f'{name} synthetic']}" for name in lists])
    save_numbered(figure, path, "3.3", "Data preparation", description, split, leaky)


def _span(counts: pd.Series) -> str:
    """Smallest and largest count."""
    low, high = counts.min(), counts.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _box(ax: Axes, place: tuple, title: str, words: str, colour: str, source: tuple | None = None) -> None:
    """A box about `place` with an arrow from the box about `source`, both (column, row)."""
    (x, y), half = place, 0.36
    look: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.04", "fc": colour, "ec": "#444444", "lw": 0.8}
    ax.add_patch(FancyBboxPatch((x - half, y - half), 2 * half, 2 * half, **look))
    ax.text(x, y - 0.2, title, ha="center", va="center", fontweight="bold", fontsize=9)
    ax.text(x, y + 0.1, words, ha="center", va="center", fontsize=9)
    if source:
        middle = (source[0] + x) / 2
        ax.plot([source[0] + half, middle, middle], [source[1], source[1], y], color="#444444", lw=1)
        arrow = {"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x - half, y), (middle, y), arrowprops=arrow)


def undersampling(path: str | Path, counts: pd.DataFrame, dataset: str, split: Mapping, leaky: bool) -> None:
    """Figure 3.4: training images per class that `dataset` keeps."""
    kept = counts[f"{dataset} real"]
    texts = [f"{some:,}\nof {every:,}" for some, every in zip(kept, counts["train"], strict=True)]
    figure = class_bars(counts["class"], kept, texts, COLOURS[0])
    description = listed(counts["class"], [text.replace("\n", " ") for text in texts])
    save_numbered(
        figure, path, "3.4", f"Balance after under-sampling: {dataset}", description, split, leaky, dataset=dataset
    )


def augmentation_examples(path: str | Path, pixels: np.ndarray, image: str, split: Mapping, leaky: bool) -> None:
    """Figure 3.5: the training image named `image` and eight augmented versions, [9, size, size, 3]."""
    figure = Figure(figsize=(9, 3.8), dpi=DPI, layout="constrained")
    axes = figure.subplot_mosaic("001234;005678")
    show_pictures(list(axes.values()), pixels, [image, *"12345678"])
    description = f"The training image {image} and eight random augmentations of it, as in training."
    save_numbered(figure, path, "3.5", "Augmentation", description, split, leaky)


def class_distribution(path: str | Path, counts: pd.DataFrame, split: Mapping, leaky: bool) -> None:
    """Images per class in the collection, and in every dataset with its synthetic part hatched.

    `counts` is from `class_counts`.
    """
    datasets = [name.removesuffix(" real") for name in counts if name.endswith(" real")]
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    left.bar(counts["class"], counts["raw"], color="#767676")
    for place, count in enumerate(counts["raw"]):
        left.annotate(f"{count:,}", (place, count), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    left.set(title="collection", ylabel="images")
    width, places = 0.8 / len(datasets), np.arange(len(counts))
    for number, (name, colour) in enumerate(zip(datasets, COLOURS, strict=False)):
        x = places + (number - (len(datasets) - 1) / 2) * width
        real, synthetic = counts[f"{name} real"], counts[f"{name} synthetic"]
        right.bar(x, real, width * 0.92, color=colour, label=name)
        right.bar(x, synthetic, width * 0.92, bottom=real, fc="white", ec=colour, hatch="////", lw=1)
    right.set(title="training images", ylabel="images")
    right.set_xticks(places, counts["class"])
    handles, _ = right.get_legend_handles_labels()
    if counts[[f"{name} synthetic" for name in datasets]].to_numpy().any():
        handles.append(Patch(fc="white", ec="#444444", hatch="////", label="synthetic"))
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    for ax in (left, right):
        ax.tick_params(axis="x", length=0, labelsize=8)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y")
    description = " ".join(
        f"{name}: {counts[f'{name} real'].sum():,} real and {counts[f'{name} synthetic'].sum():,} synthetic images."
        for name in datasets
    )
    description = f"Collection: {counts['raw'].sum():,} images. {description}"
    save(figure, path, "classes", f"Images per class: {split_title(split)}", description, split, leaky)
