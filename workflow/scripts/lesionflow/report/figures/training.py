"""Figures of trained models: curves of accuracy and loss, and confusion matrices."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lesionflow.report.figures.style import COLOURS, model_labels, model_title, save


def training_curves(
    path: str | Path,
    cards: Sequence[Mapping],
    histories: Sequence[pd.DataFrame],
    leaky: bool,
    number: str | None = None,
) -> None:
    """Accuracy and loss per epoch on training and validation images, one colour per dataset.

    `cards` (model.json) and `histories` (history.csv) are of models that differ in the dataset only; `number` is the
    figure's in the thesis.
    """
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    axes = figure.subplots(1, 2)
    sentences = []
    for card, history, colour in zip(cards, histories, COLOURS, strict=False):
        for ax, metric in zip(axes, ("accuracy", "loss"), strict=True):
            ax.plot(history["epoch"], history[metric], color=colour, ls=":", lw=1.6, marker=".", ms=3)
            ax.plot(history["epoch"], history[f"valid_{metric}"], color=colour, lw=1.8, marker=".", ms=3)
        best = history[history["epoch"] == card["best_epoch"]].iloc[0]
        axes[1].plot(best["epoch"], best["valid_loss"], "o", ms=9, mfc="none", mec=colour, mew=1.8, clip_on=False)
        sentences.append(
            f"{card['dataset']}: validation loss is lowest in epoch {card['best_epoch']} of {len(history)}, "
            f"{best['valid_loss']:.2f} at an accuracy of {best['valid_accuracy']:.2f}."
        )
    axes[0].set(ylabel="accuracy", ylim=(0, 1))
    axes[1].set(ylabel="loss (mean cross-entropy, nats)")
    axes[1].set_ylim(bottom=0)
    for ax in axes:
        ax.set_xlabel("epoch")
        ax.set_xlim(0.5, max(map(len, histories)) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(axis="y")
    _curves_legend(figure, [card["dataset"] for card in cards])
    title, labels = f"Training: {model_title(cards[0])}", model_labels(cards[0])
    save(figure, path, "curves", title, " ".join(sentences), labels, leaky, number)


def _curves_legend(figure: Figure, datasets: Sequence[str]) -> None:
    """Draw the legend: colours are datasets, line styles are parts."""
    handles = [Line2D([], [], color=c, lw=3, label=d) for d, c in zip(datasets, COLOURS, strict=False)]
    handles += [
        Line2D([], [], color="#444444", lw=1.8, label="validation"),
        Line2D([], [], color="#444444", lw=1.6, ls=":", label="training"),
        Line2D([], [], color="#444444", ls="", marker="o", ms=8, mfc="none", mew=1.6, label="lowest validation loss"),
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)


def confusion_matrices(
    path: str | Path,
    cards: Sequence[Mapping],
    matrices: Sequence[Sequence[Sequence[int]]],
    leaky: bool,
    number: str | None = None,
) -> None:
    """Test images by true (row) and predicted class (column), a matrix per dataset, coloured by row fraction.

    `cards` and `matrices` ([classes, classes] counts) are of models that differ in the dataset only; `number` is the
    figure's in the thesis.
    """
    classes = cards[0]["classes"]
    side = 1.4 + 0.36 * len(classes)
    figure = Figure(figsize=(side * len(cards) + 0.8, side), layout="constrained")
    axes = figure.subplots(1, len(cards), squeeze=False)[0]
    sentences = []
    for ax, card, counts in zip(axes, cards, map(np.array, matrices), strict=True):
        fraction = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        mesh = _matrix(ax, counts, fraction, classes)
        ax.set_title(f"{card['dataset']}: {counts.trace()} of {counts.sum()} correct")
        found = ", ".join(f"{name} {value:.2f}" for name, value in zip(classes, fraction.diagonal(), strict=True))
        sentences.append(f"{card['dataset']}: sensitivity per class: {found}.")
    axes[0].set_ylabel("true class")
    bar = figure.colorbar(mesh, ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("fraction of the true class", labelpad=8)
    title, labels = f"Test images: {model_title(cards[0])}", model_labels(cards[0])
    save(figure, path, "confusion", title, " ".join(sentences), labels, leaky, number)


def _matrix(ax: Axes, counts: np.ndarray, fraction: np.ndarray, classes: Sequence[str]) -> QuadMesh:
    """One confusion matrix: counts as text on cells coloured by `fraction`; return the mesh for a colour bar."""
    mesh = ax.pcolormesh(fraction, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if fraction[row, column] > 0.5 else "#222222" if count else "#767676"
        place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
        ax.text(column + 0.5, row + 0.5, str(count), color=colour, **place)
    places = np.arange(len(classes)) + 0.5
    ax.set_xticks(places, classes, rotation=45 if len(classes) > 4 else 0)
    ax.set_yticks(places, classes)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(aspect="equal", xlabel="predicted class")
    ax.invert_yaxis()
    return mesh
