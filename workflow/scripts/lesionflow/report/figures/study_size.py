"""The size of a study as a figure: images and lesions per class, and what differences they can detect."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lesionflow.report.figures.style import COLOURS, save
from lesionflow.splits.study_size import DESIGNS, what_it_takes

SPLITS = {"independent": ("independent splits", "o", COLOURS[4]), "cross_fitted": ("cross-fitting", "s", COLOURS[0])}


def study_size(path: str | Path, size: pd.DataFrame, collection: str, margin: float) -> None:
    """Bars of each class, and the detectable difference of every design; `size` is study_size.csv."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    counts, detectable = figure.subplots(1, 2)
    _counts(counts, size[size["class"] != "all"])
    total = size.set_index("class").loc["all"]
    for split, (label, marker, colour) in SPLITS.items():
        names = [name for name in DESIGNS if name.startswith(f"{split}_")]
        x = [int(name.rsplit("_", 1)[1]) for name in names]
        detectable.plot(x, total[names].astype(float), marker=marker, color=colour, label=label)
    detectable.axhline(margin, color="#767676", ls="--", lw=1, label=f"margin {margin:g}")
    detectable.set(xlabel="seeds, or partitions of cross-fitting", xticks=x, ylim=(0, None))
    detectable.set_title("detectable difference in balanced accuracy", loc="left")
    detectable.grid(axis="y")
    detectable.legend(frameon=False)
    description = f"To detect a difference of {margin:g} in balanced accuracy: {what_it_takes(size, margin)}."
    save(figure, path, "study_size", f"Size of the study: {collection}", description)


def _counts(ax: Axes, size: pd.DataFrame) -> None:
    """Images and lesions per class, on a logarithmic axis."""
    place = np.arange(len(size))
    for name, colour, shift in (("images", COLOURS[0], -0.2), ("lesions", COLOURS[1], 0.2)):
        ax.barh(place + shift, size[name], 0.4, color=colour, label=name)
    ax.set(yticks=place, xscale="log", xlim=(1, None))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticklabels(size["class"])
    ax.invert_yaxis()
    ax.set_title("images and lesions per class", loc="left")
    ax.grid(axis="x")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.08), frameon=False, ncols=2)
