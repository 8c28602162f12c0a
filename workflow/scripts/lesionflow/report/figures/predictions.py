"""Test images with what models say of them and where they look, Grad-CAM: one per class, and the surest mistakes.

`answers` is from `evaluation.examples.read_answers`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from lesionflow.report.figures.style import model_name, save

ACROSS = 6  # pictures
DPI = 100
INFLUENCE = mpl.colormaps["viridis"]  # reads for the colour-blind, and is no colour of skin


def overlay(pixels: np.ndarray, influence: np.ndarray) -> np.ndarray:
    """Images uint8 [n, h, w, 3] under their Grad-CAM [n, h, w], which is the less transparent the larger it is."""
    share = 0.5 * influence[..., None]
    return np.rint((1 - share) * pixels + share * 255 * INFLUENCE(influence)[..., :3]).astype(np.uint8)


def gallery(
    path: str | Path,
    cards: Sequence[Mapping],
    answers: Sequence[pd.DataFrame],
    overlays: Sequence[np.ndarray],
    names: Mapping[str, str],
    leaky: bool,
    number: str | None = None,
) -> None:
    """One test image per class, and what each model says of it.

    `cards` (model.json), `answers` (of the same images) and `looks` are of models that differ in the dataset only;
    `looks` [2, n, size, size, 3] are the images without and with `overlay`; `names` writes classes out.
    """
    blocks = []
    for row, (_, image) in enumerate(answers[0].iterrows()):
        said = [
            (seen[1, row], f"{card['dataset']}: {_prediction_text(table.iloc[row], names)}")
            for card, table, seen in zip(cards, answers, overlays, strict=True)
        ]
        blocks.append([(overlays[0][0, row], _actual(image, names)), *said])
    right = [
        f"{card['dataset']}: {(said['label'] == said['predicted']).sum()} of {len(said)} right."
        for card, said in zip(cards, answers, strict=True)
    ]
    keywords, title = model_name(cards[0])
    title = f"One test image per class: {title}"
    save(_sheet(blocks), path, ["gallery", *keywords], title, " ".join(right), leaky, number)


def mistakes(
    path: str | Path,
    cards: Sequence[Mapping],
    answers: Sequence[pd.DataFrame],
    overlays: Sequence[np.ndarray],
    names: Mapping[str, str],
    leaky: bool,
) -> None:
    """The surest mistakes of each model; arguments as of `gallery`, but that every model has images of its own."""
    blocks, words = [], []
    for card, table, seen in zip(cards, answers, overlays, strict=True):
        for row, (_, said) in enumerate(table.iterrows()):
            wrong = f"{card['dataset']}: {_prediction_text(said, names)}"
            blocks.append([(seen[0, row], _actual(said, names)), (seen[1, row], wrong)])
            taken = f"{said['label']} taken for {said['predicted']}, {said['probability']:.2f}"
            words.append(f"{card['dataset']}: {taken}.")
    words = words or ["No test image was taken for another class."]
    keywords, title = model_name(cards[0])
    title = f"Surest mistakes on test images: {title}"
    save(_sheet(blocks), path, ["mistakes", *keywords], title, " ".join(words), leaky)


def _actual(said: pd.Series, names: Mapping[str, str]) -> str:
    """The image's name, and on a line of its own its class."""
    return f"{said['image']}, actual:\n{names.get(said['label'], said['label'])}"


def _prediction_text(said: pd.Series, names: Mapping[str, str]) -> str:
    """Whether an answer is right, its probability, and on a line of its own the class."""
    verdict = "right" if said["label"] == said["predicted"] else "wrong"
    return f"{verdict}, {said['probability']:.2f}\n{names.get(said['predicted'], said['predicted'])}"


def _sheet(blocks: Sequence[Sequence[tuple[np.ndarray, str]]]) -> Figure:
    """Blocks of pictures with two lines of text above each, ACROSS in a row, and the key to Grad-CAM's colours.

    All are in one pair of axes, whose unit is a picture's side: a pair for each would take ten times as long.
    """
    across = max(1, ACROSS // len(blocks[0])) if blocks else 1
    down = max(1, -(-len(blocks) // across))
    figure = Figure(figsize=(11, 0.9 + 2.1 * down), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    for number, block in enumerate(blocks):
        for place, (picture, text) in enumerate(block):
            x, y = 1.1 * (number % across * len(block) + place), 1.35 * (number // across)
            ax.imshow(picture, extent=(x, x + 1, y + 1, y))
            ax.text(x, y - 0.04, text, fontsize=8.5, va="bottom", linespacing=1.1)
    if not blocks:
        ax.text(0, 0.5, "No test image was taken for another class.")
    ax.set(xlim=(0, 1.1 * ACROSS - 0.1), ylim=(1.35 * down - 0.35, -0.25), aspect="equal", anchor="NW")
    ax.set_axis_off()
    # A few steps are enough: each is a shape of its own in the SVG.
    key = ScalarMappable(cmap=INFLUENCE.resampled(32))
    bar = figure.colorbar(key, ax=ax, location="bottom", shrink=0.4, aspect=40, pad=0.02, anchor=(0, 1))
    bar.solids.set_edgecolor("face")
    bar.set_ticks([0, 0.5, 1], labels=["weakest place", "Grad-CAM: spoke for the predicted class", "strongest place"])
    bar.ax.tick_params(length=0, labelsize=8.5)
    return figure
