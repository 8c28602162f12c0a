"""The figure of a search of optimizer and learning rate."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter, MaxNLocator

from lesionflow.report.figures.style import COLOURS, save


def search_curves(
    path: str | Path, winner: Mapping, trials: pd.DataFrame, leaky: bool, number: str | None = None
) -> None:
    """Validation accuracy and loss per epoch, one panel per optimizer, one colour per learning rate; best circled.

    `winner` is winner.json, `trials` trials.csv, `number` the figure's in the thesis.
    """
    optimizers, rates = trials["optimizer"].unique(), trials["lr"].unique()
    figure = Figure(figsize=(1.6 + 2.6 * len(optimizers), 5.4), layout="constrained")
    axes = figure.subplots(2, len(optimizers), sharex=True, sharey="row", squeeze=False)
    for (accuracy, loss), optimizer in zip(axes.T, optimizers, strict=True):
        for lr, colour in zip(rates, COLOURS, strict=False):
            rows = trials[(trials["optimizer"] == optimizer) & (trials["lr"] == lr)]
            for ax, metric in ((accuracy, "valid_accuracy"), (loss, "valid_loss")):
                ax.plot(rows["epoch"], rows[metric], color=colour, lw=1.6, marker=".", ms=3)
                if (optimizer, lr) == (winner["optimizer"], winner["lr"]):
                    ax.plot(winner["epoch"], winner[metric], "o", ms=9, mfc="none", mec=colour, mew=1.8, clip_on=False)
        accuracy.set_title(optimizer)
        loss.set_xlabel("epoch")
        loss.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        for ax in (accuracy, loss):
            ax.grid(axis="y")
    axes[0, 0].set(ylabel="validation accuracy", ylim=(0, 1))
    axes[1, 0].set(ylabel="validation loss\n(mean cross-entropy, nats)", yscale="log")
    axes[1, 0].yaxis.set_major_formatter(LogFormatter())
    axes[1, 0].yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
    handles = [Line2D([], [], color=c, lw=3, label=f"{lr:g}") for lr, c in zip(rates, COLOURS, strict=False)]
    handles.append(
        Line2D([], [], color="#444444", ls="", marker="o", ms=8, mfc="none", mew=1.6, label="lowest\nvalidation loss")
    )
    figure.legend(handles=handles, title="learning rate", loc="outside right center", frameon=False)
    labels = {key: winner[key] for key in ("protocol", "seed", "backbone", "dataset")}
    weights = " (no pretrained weights)" if winner["weights"] == "none" else ""
    title = f"{winner['backbone']}{weights}, {winner['dataset']}, {winner['protocol']}, seed {winner['seed']}"
    description = (
        f"Validation loss is lowest with {winner['optimizer']} at a learning rate of {winner['lr']:g}: "
        f"{winner['valid_loss']:.2f} in epoch {winner['epoch']}, at an accuracy of {winner['valid_accuracy']:.2f}."
    )
    save(figure, path, "search", f"Search: {title}", description, labels, leaky, number)
