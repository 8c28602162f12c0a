"""All models in one forest plot: balanced accuracy, those of leaky protocols apart."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lesionflow.report.figures.panels import GREY
from lesionflow.report.figures.style import COLOURS, STAMP_RED, save

MODEL = ["protocol", "backbone", "weights", "stage", "dataset"]
METRIC, PRINTED = "balanced_accuracy", "published_sensitivity_macro"  # both are the mean sensitivity of the classes
MARKERS = "osD^vPX"
LINE = 0.23  # inches
LEAKY = "LEAKY: test overlaps with training"


def results(path: str | Path, table: pd.DataFrame, collection: str, classes: int) -> None:
    """Balanced accuracy on test images of each model of `table` (table_4_1.csv).

    A single run has its 95 % interval over lesions, several seeds are a mean and a point per seed. Leaky models have a
    panel of their own. What the thesis printed of the same stage is marked; chance is 1 / `classes`.
    """
    panels = [rows for _, rows in table.groupby("leaky")]  # False comes first
    lines = [len(rows.drop_duplicates(MODEL)) + len(rows.drop_duplicates(MODEL[:3])) for rows in panels]
    figure = Figure(figsize=(5.8, 1.4 + 0.3 * len(panels) + LINE * sum(lines)), layout="constrained")
    axes = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=lines)[:, 0]
    datasets = list(dict.fromkeys(table["dataset"]))
    looks = {
        name: {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        for number, name in enumerate(datasets)
    }
    for ax, rows in zip(axes, panels, strict=True):
        _panel(ax, rows, looks)
        ax.axvline(1 / classes, color=GREY, ls="--", lw=1.2)
        if rows["leaky"].iloc[0]:
            box = {"facecolor": STAMP_RED, "edgecolor": "none", "boxstyle": "square,pad=0.3"}
            ax.set_title(LEAKY, color="white", fontweight="bold", loc="left", bbox=box)
    axes[-1].set(xlabel="balanced accuracy on test images", xlim=(0, 1))
    figure.legend(handles=_legend(table, looks), loc="outside lower left", frameon=False, ncols=2, fontsize=9)
    save(figure, path, "results", f"All models: {collection}", _description(table, classes))


def _panel(ax: Axes, rows: pd.DataFrame, looks: dict) -> None:
    """A line per model under the name of its backbone and protocol."""
    places, names, y = [], [], 0
    for (protocol, backbone, weights), models in rows.groupby(MODEL[:3], sort=False):
        untrained = " (no pretrained weights)" if weights == "none" else ""
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # above the line of chance
        ax.text(0.01, y, f"{protocol}: {backbone}{untrained}", fontweight="bold", fontsize=9.5, va="center", bbox=box)
        for (stage, dataset), runs in models.sort_values("stage", kind="stable").groupby(MODEL[3:], sort=False):
            y += 1
            _model(ax, y, runs, looks[dataset])
            places.append(y)
            names.append(f"stage {stage}, {dataset}")
        y += 1
    ax.set_yticks(places, names)
    ax.set(ylim=(y - 0.4, -0.6))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")


def _model(ax: Axes, y: int, runs: pd.DataFrame, look: dict) -> None:
    """One model: its interval or its seeds, what the thesis printed, and the number."""
    mean = runs[METRIC].mean()
    if len(runs) == 1:
        ax.plot(runs[[f"{METRIC}_low", f"{METRIC}_high"]].iloc[0], [y, y], color=look["color"], lw=2)
    else:
        ax.plot(runs[METRIC], [y] * len(runs), ls="", marker="|", ms=9, color=look["color"])
    printed = runs[PRINTED].iloc[0]
    if pd.notna(printed):
        ax.plot(printed, y, marker="x", ms=7, mew=2, color=STAMP_RED, clip_on=False)
    ax.plot(mean, y, ms=7, mec="white", mew=0.8, clip_on=False, **look)
    ax.annotate(f"{mean:.2f}", (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)


def _legend(table: pd.DataFrame, looks: dict) -> list[Line2D]:
    """What the marks mean, of those that the figure has."""
    seeds = table.groupby(MODEL).size()
    handles = [Line2D([], [], ls="", ms=7, label=name, **look) for name, look in looks.items()]
    if seeds.min() == 1:
        handles.append(Line2D([], [], color="#444444", lw=2, label="95 % interval over lesions"))
    if seeds.max() > 1:
        handles.append(Line2D([], [], ls="", marker="|", ms=9, color="#444444", label="single seeds; mean filled"))
    if table[PRINTED].notna().any():
        handles.append(
            Line2D([], [], ls="", marker="x", ms=7, mew=2, color=STAMP_RED, label="printed in the thesis (LEAKY)")
        )
    return [*handles, Line2D([], [], color=GREY, ls="--", lw=1.2, label="chance")]


def _description(table: pd.DataFrame, classes: int) -> str:
    """The figure in words: range and best model of each panel."""
    sentences = []
    for leaky, rows in table.groupby("leaky"):
        means = rows.groupby(MODEL, sort=False)[METRIC].mean()
        protocol, backbone, _, stage, dataset = means.idxmax()
        sentences.append(
            f"{'LEAKY' if leaky else 'No known leak'}: balanced accuracy of {len(means)} models from {means.min():.2f} "
            f"to {means.max():.2f}, the highest of {backbone}, stage {stage}, {dataset}, under {protocol}."
        )
    if table[PRINTED].notna().any():
        sentences.append(f"The thesis printed {table[PRINTED].min():.2f} to {table[PRINTED].max():.2f}.")
    return " ".join([*sentences, f"Chance: {1 / classes:.3f}."])
