"""Figure of the ladder: balanced accuracy on each split's own test images and on clean images."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesionflow.report.figures.style import COLOURS, STAMP_RED, save


def ladder(path: str | Path, table: pd.DataFrame, collection: str, classes: int) -> None:
    """Balanced accuracy of each rung's model on its own test images and on clean images; `table` is ladder.csv.

    Bars are the 95 % interval of a single seed, or the range over several.
    """
    rungs = list(dict.fromkeys(table["rung"]))
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    ax = figure.subplots()
    looks: dict[str, tuple[str, dict[str, Any], float]] = {
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
        tick.set(color=STAMP_RED if leaky else "black", fontweight="bold" if leaky else "normal")
    ax.set(ylabel="balanced accuracy", ylim=(0, 1.02), xlim=(-0.5, len(rungs) - 0.5))
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    figure.legend(loc="outside lower center", frameon=False, ncols=3)
    first = table.iloc[0]
    title = f"Ladder of leakage: {collection}, {first['backbone']}, stage {first['stage']}"
    save(figure, path, "ladder", title, " ".join(sentences))
