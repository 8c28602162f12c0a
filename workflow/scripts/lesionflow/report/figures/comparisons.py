"""Comparisons of models as a forest plot."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesionflow.report.figures.style import COLOURS, STAMP_RED, save
from lesionflow.report.verdict_sentences import metric_words, signed

LOOKS: dict[str, dict[str, Any]] = {
    "better": {"marker": "^", "color": COLOURS[0]},
    "worse": {"marker": "v", "color": COLOURS[4]},
    "no difference beyond the margin": {"marker": "s", "color": COLOURS[2]},
    "too small to tell": {"marker": "o", "color": "#767676", "mfc": "white"},
}


def comparisons(path: str | Path, table: pd.DataFrame, margin: float) -> None:
    """Difference, 95 % interval and verdict of each primary contrast; `table` is comparisons.csv."""
    rows = table[table["family"] == "primary"].reset_index(drop=True)
    figure = Figure(figsize=(9, 1.6 + 0.32 * len(rows)), layout="constrained")
    ax = figure.subplots()
    ax.axvspan(-margin, margin, color="#e8e8e8", lw=0, label=f"margin ±{margin:g}")
    ax.axvline(0, color="black", lw=0.8)
    for verdict, look in LOOKS.items():
        some = rows[rows["verdict"] == verdict]
        if len(some):
            reach = [some["difference"] - some["low"], some["high"] - some["difference"]]
            ax.errorbar(
                some["difference"], some.index, xerr=reach, label=verdict, ls="", ms=7, lw=1.6, capsize=3, **look
            )
    several, stamp = rows["protocol"].nunique() > 1, rows["leaky"].map({True: " LEAKY", False: ""})
    names = rows["contrast"] + (", " + rows["protocol"] if several else "") + stamp
    ax.set_yticks(np.arange(len(rows)), names)
    for tick, leaky in zip(ax.get_yticklabels(), rows["leaky"], strict=True):
        tick.set(color=STAMP_RED if leaky else "black", fontweight="bold" if leaky else "normal")
    words = metric_words(rows["metric"].iloc[0])
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel=f"difference in {words}")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    figure.legend(loc="outside lower center", frameon=False, ncols=3)
    values = names + ": " + rows["difference"].map(signed) + ", " + rows["verdict"]
    save(figure, path, "comparisons", f"Comparisons of models: {words}", f"{'; '.join(values)}.")
