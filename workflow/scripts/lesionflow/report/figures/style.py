"""Figures as SVG: the same numbers give the same bytes, text stays text, colours suit the colour-blind.

A figure carries its own title, description (alternative text) and keywords, so that it explains itself wherever
it is shown: the report reads them back with `lesionflow.exhibits.read_figure`.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from PIL import Image

mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "lesionflow",
        "font.family": "sans-serif",
        "font.sans-serif": ["Arial", "Liberation Sans", "Helvetica", "DejaVu Sans"],
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.grid.axis": "y",
        "figure.constrained_layout.w_pad": 0.1,
        "grid.color": "#dddddd",
        "axes.axisbelow": True,
        "hatch.linewidth": 0.8,
        "text.parse_math": False,  # names may hold $
    }
)
# Okabe and Ito's colours, in an order in which neighbours differ in lightness too.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000"]
STAMP = "LEAKY: test images are known to share images or lesions with training"
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def save(
    figure: Figure,
    path: str | Path,
    keywords: Sequence[str],
    title: str,
    description: str,
    leaky: bool,
    number: str | None = None,
) -> None:
    """Write `figure`, under the thesis' `number` if it has one, stamped where its protocol leaks."""
    if number:
        title, keywords = f"Figure {number}: {title}", [*keywords, f"figure {number}"]
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    if leaky:
        # As an x label of the figure it gets room of its own from the layout.
        box = {"facecolor": "#b00020", "edgecolor": "none", "boxstyle": "square,pad=0.4"}
        figure.supxlabel(STAMP, color="white", fontweight="bold", fontsize=10, bbox=box)
        keywords, description = [*keywords, "LEAKY"], f"{STAMP}. {description}"
    about = {"Title": title, "Description": description, "Keywords": list(keywords), "Date": None}
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=about)
    Path(path).write_text(NOT_XML.sub("", PNG.sub(_jpeg, stream.getvalue())), encoding="utf-8")


def _jpeg(png: re.Match) -> str:
    """A photograph in an SVG as JPEG, which takes a fifth of the room of Matplotlib's PNG."""
    picture = Image.open(io.BytesIO(base64.b64decode(png[1]))).convert("RGBA")
    stream = io.BytesIO()
    Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB").save(
        stream, "JPEG", quality=88
    )
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def split_keywords(split: Sequence[str]) -> list[str]:
    """Keywords of a split, which is [protocol, "seed N"] or empty; a keyword says what it names."""
    return [f"protocol {split[0]}", *split[1:]] if split else []


def model_name(card: Mapping) -> tuple[list[str], str]:
    """Keywords and title of the models that differ from `card` in the dataset only."""
    keywords = split_keywords([card["protocol"], f"seed {card['seed']}"])
    keywords += [f"backbone {card['backbone']}", f"stage {card['stage']}"]
    weights = " (no pretrained weights)" if card["weights"] == "none" else ""
    return keywords, f"{card['backbone']}{weights}, stage {card['stage']}, {card['protocol']}, seed {card['seed']}"


def training_curves(
    path: str | Path,
    cards: Sequence[Mapping],
    histories: Sequence[pd.DataFrame],
    leaky: bool,
    number: str | None = None,
) -> None:
    """Accuracy and loss per epoch on training and validation images, one colour a dataset.

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
    axes[0].set(ylabel="accuracy (share of images)", ylim=(0, 1))
    axes[1].set(ylabel="loss (mean cross-entropy, nats)")
    axes[1].set_ylim(bottom=0)
    for ax in axes:
        ax.set_xlabel("epoch")
        ax.set_xlim(0.5, max(map(len, histories)) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(axis="y")
    _curves_legend(figure, [card["dataset"] for card in cards])
    keywords, title = model_name(cards[0])
    save(figure, path, ["curves", *keywords], f"Training: {title}", " ".join(sentences), leaky, number)


def _curves_legend(figure: Figure, datasets: Sequence[str]) -> None:
    """Colours are datasets, line styles are parts."""
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
    """Test images by true (row) and predicted class (column), one matrix a dataset, coloured by row share.

    `cards` and `matrices` ([classes, classes] counts) are of models that differ in the dataset only; `number` is the
    figure's in the thesis.
    """
    classes = cards[0]["classes"]
    side = 1.4 + 0.36 * len(classes)
    figure = Figure(figsize=(side * len(cards) + 0.8, side), layout="constrained")
    axes = figure.subplots(1, len(cards), squeeze=False)[0]
    sentences = []
    for ax, card, counts in zip(axes, cards, map(np.array, matrices), strict=True):
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        mesh = _matrix(ax, counts, share, classes)
        ax.set_title(f"{card['dataset']}: {counts.trace()} of {counts.sum()} right")
        found = ", ".join(f"{name} {value:.2f}" for name, value in zip(classes, share.diagonal(), strict=True))
        sentences.append(f"{card['dataset']}: share of each class found: {found}.")
    axes[0].set_ylabel("true class")
    bar = figure.colorbar(mesh, ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("share of the true class", labelpad=8)
    keywords, title = model_name(cards[0])
    save(figure, path, ["confusion", *keywords], f"Test images: {title}", " ".join(sentences), leaky, number)


def _matrix(ax: Axes, counts: np.ndarray, share: np.ndarray, classes: Sequence[str]):
    """One confusion matrix: counts as text on cells coloured by `share`; returns what a colour bar needs."""
    mesh = ax.pcolormesh(share, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.5 else "#222222" if count else "#767676"
        place = {"ha": "center", "va": "center", "fontsize": 9}
        ax.text(column + 0.5, row + 0.5, str(count), color=colour, **place)
    places = np.arange(len(classes)) + 0.5
    ax.set_xticks(places, classes, rotation=45 if len(classes) > 4 else 0)
    ax.set_yticks(places, classes)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(aspect="equal", xlabel="predicted class")
    ax.invert_yaxis()
    return mesh


def class_distribution(path: str | Path, counts: pd.DataFrame, split: Sequence[str], leaky: bool) -> None:
    """Images per class in the collection, and in every dataset with its synthetic part hatched.

    `counts` is from `counts.class_counts`; `split` is as for `split_keywords`.
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
    keywords = ["classes", *split_keywords(split)]
    save(figure, path, keywords, f"Images per class: {', '.join(split)}", description, leaky)
