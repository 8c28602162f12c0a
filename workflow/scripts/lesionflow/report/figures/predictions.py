"""Test images with predictions and Grad-CAM: one per class, and the most confident errors.

`answers` is from `evaluation.examples.read_answers`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from lesionflow.data.store import Store
from lesionflow.evaluation.gradcam import grad_cam, last_map
from lesionflow.report.figures.panels import shortened
from lesionflow.report.figures.style import model_labels, model_title, save
from lesionflow.training.backbones import restore

ACROSS = 6  # pictures
DPI = 100
FONT_SIZE, WIDTH = 8, 118  # points: of the text above a picture, and of what a picture and its gap have at least
NO_ERROR = "Every test image is classified correctly."
INFLUENCE = mpl.colormaps["viridis"]  # reads for the colour-blind, and is no colour of skin


def overlay(pixels: np.ndarray, influence: np.ndarray) -> np.ndarray:
    """Overlay images uint8 [n, h, w, 3] with Grad-CAM [n, h, w], more opaque where attribution is higher."""
    alpha = 0.5 * influence[..., None]
    return np.rint((1 - alpha) * pixels + alpha * 255 * INFLUENCE(influence)[..., :3]).astype(np.uint8)


def with_attribution(
    file: str | Path, backbone: Mapping, answers: pd.DataFrame, store: Store, classes: Sequence[str]
) -> np.ndarray:
    """Return images of `answers` without and with Grad-CAM of the predicted classes, uint8 [2, n, size, size, 3].

    `file` contains the weights of the model, `backbone` is from the config.
    """
    pixels = store.read(store.positions(answers["image"]))
    model = restore(Path(file), backbone, len(classes))
    target = torch.from_numpy(pd.Index(classes).get_indexer(answers["predicted"]))
    given = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    influence = grad_cam(model, last_map(model.backbone, store.size), given, target).numpy()
    return np.stack([pixels, overlay(pixels, influence)])


def examples(
    path: str | Path,
    cards: Sequence[Mapping],
    answers: Sequence[pd.DataFrame],
    overlays: Sequence[np.ndarray],
    names: Mapping[str, str],
    leaky: bool,
    number: str | None = None,
) -> None:
    """One test image per class, and the prediction of each model for it.

    `cards` (model.json), `answers` (of the same images) and `overlays` are of models that differ in the dataset only;
    `overlays` [2, n, size, size, 3] are the images without and with `overlay`; `names` writes classes out.
    """
    blocks = []
    for row, (_, image) in enumerate(answers[0].iterrows()):
        predicted = [
            (seen[1, row], f"{card['dataset']}: {_prediction_text(table.iloc[row], names)}")
            for card, table, seen in zip(cards, answers, overlays, strict=True)
        ]
        blocks.append([(overlays[0][0, row], _class_text(image, names)), *predicted])
    correct = [
        f"{card['dataset']}: {(table['label'] == table['predicted']).sum()} of {len(table)} correct."
        for card, table in zip(cards, answers, strict=True)
    ]
    title, labels = f"One test image per class: {model_title(cards[0])}", model_labels(cards[0])
    save(_sheet(blocks), path, "gallery", title, " ".join(correct), labels, leaky, number)


def errors(
    path: str | Path,
    cards: Sequence[Mapping],
    answers: Sequence[pd.DataFrame],
    overlays: Sequence[np.ndarray],
    names: Mapping[str, str],
    leaky: bool,
) -> None:
    """The most confident errors of each model; arguments as of `examples`, but each model has its own images."""
    blocks, words = [], []
    for card, table, seen in zip(cards, answers, overlays, strict=True):
        for row, (_, answer) in enumerate(table.iterrows()):
            wrong = f"{card['dataset']}: {_prediction_text(answer, names)}"
            blocks.append([(seen[0, row], _class_text(answer, names)), (seen[1, row], wrong)])
            taken = f"{answer['label']} predicted as {answer['predicted']}, {answer['probability']:.2f}"
            words.append(f"{card['dataset']}: {taken}.")
    words = words or [NO_ERROR]
    title, labels = f"Most confident errors on test images: {model_title(cards[0])}", model_labels(cards[0])
    save(_sheet(blocks), path, "mistakes", title, " ".join(words), labels, leaky)


def _class_text(answer: pd.Series, names: Mapping[str, str]) -> str:
    """The image's name, and on the next lines its class."""
    return f"{answer['image']}\nactual:\n{names.get(answer['label'], answer['label'])}"


def _prediction_text(answer: pd.Series, names: Mapping[str, str]) -> str:
    """Whether a prediction is correct, its probability, and on the next line the class."""
    verdict = "correct" if answer["label"] == answer["predicted"] else "wrong"
    return f"{verdict}, {answer['probability']:.2f}\n{names.get(answer['predicted'], answer['predicted'])}"


def _sheet(blocks: Sequence[Sequence[tuple[np.ndarray, str]]]) -> Figure:
    """Draw blocks of images under up to three lines of text, ACROSS per row, with the colour bar of Grad-CAM.

    All share one pair of axes, whose unit is the side of an image: a pair per image would take ten times as long.
    """
    across = max(1, ACROSS // len(blocks[0])) if blocks else 1
    down = max(1, -(-len(blocks) // across))
    figure = Figure(figsize=(11, 1 + 2.1 * down), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    for number, block in enumerate(blocks):
        for place, (picture, text) in enumerate(block):
            x, y = 1.1 * (number % across * len(block) + place), 1.35 * (number // across)
            ax.imshow(picture, extent=(x, x + 1, y + 1, y))
            ax.text(x, y - 0.04, shortened(text, WIDTH, FONT_SIZE), fontsize=FONT_SIZE, va="bottom", linespacing=1.1)
    if not blocks:
        ax.text(0, 0.5, NO_ERROR)
    ax.set(xlim=(0, 1.1 * ACROSS - 0.1), ylim=(1.35 * down - 0.35, -0.35), aspect="equal", anchor="NW")
    ax.set_axis_off()
    # A few steps are enough: each is a shape of its own in the SVG.
    key = ScalarMappable(cmap=INFLUENCE.resampled(32))
    bar = figure.colorbar(key, ax=ax, location="bottom", shrink=0.4, aspect=40, pad=0.02, anchor=(0, 1))
    assert bar.solids is not None
    bar.solids.set_edgecolor("face")
    bar.set_ticks([0, 0.5, 1], labels=["low", "Grad-CAM attribution to the predicted class", "high"])
    bar.ax.tick_params(length=0, labelsize=8.5)
    return figure
