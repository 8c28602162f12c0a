"""The thesis' figures of SMOTE under their numbers, 3.6 to 3.9.

`split` names protocol and seed; `counts` is from `class_counts`; pixels are RGB, 0 to 255.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from lesionflow.report.figures.panels import DPI, class_bars, listed, save_figure, show_pictures, triples
from lesionflow.report.figures.style import COLOURS


def no_synthetic_image(path: str | Path, number: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.6, 3.7 or 3.9 where every class had images enough."""
    figure = Figure(figsize=(9, 1), layout="constrained")
    text = "No class needed a synthetic image."
    figure.text(0.01, 0.4, text)
    save_figure(figure, path, number, "SMOTE", text, split, leaky)


def smote_examples(
    path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.6: synthetic images beside their parents.

    `recipes` are rows of training.csv; `pixels` [n, 3, size, size, 3] their image, neighbour and mix.
    """
    rows = list(recipes.itertuples())
    titles = [[f"{r.label}: {1 - r.weight:.2f} × image", f"+ {r.weight:.2f} × neighbour", "= synthetic"] for r in rows]
    words = [f"{1 - r.weight:.2f} × {r.image} + {r.weight:.2f} × {r.neighbour}" for r in rows]
    description = listed(recipes["label"], words)
    save_figure(triples(pixels, titles), path, "3.6", "SMOTE, one example per class", description, split, leaky)


def plane(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places [n, 2] of `members` in the plane of their first two principal components, and of `others` there.

    Both are images [n, size, size, 3]. The unit is grey levels, as the root mean square over an image's values. Also
    the shares [2] of the variance that the two components hold.
    """
    flat = [images.reshape(len(images), -1).astype(np.float32) / images[0].size ** 0.5 for images in (members, others)]
    components = PCA(n_components=2, random_state=0).fit(flat[0])
    return components.transform(flat[0]), components.transform(flat[1]), components.explained_variance_ratio_


def clearest(recipes: pd.DataFrame, names: pd.Series, members: np.ndarray) -> pd.DataFrame:
    """The one row of `recipes` whose mix lies furthest from both its parents in the plane of `members`.

    `members` [n, size, size, 3] are the images `names` [n], and the parents are among them.
    """
    points = plane(members, members)[0]
    image, neighbour = (points[pd.Index(names).get_indexer(recipes[side])] for side in ("image", "neighbour"))
    nearer = np.minimum(recipes["weight"], 1 - recipes["weight"])
    return recipes.iloc[[(np.linalg.norm(image - neighbour, axis=1) * nearer).argmax()]]


def smote_plane(
    path: str | Path, recipe: pd.Series, members: np.ndarray, pixels: np.ndarray, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.7: a synthetic image between its parents in the plane of the first two principal components.

    `recipe` is its row of training.csv; `members` [n, size, size, 3] are the real training images of its class, and
    `pixels` [3, size, size, 3] its image, its neighbour and itself.
    """
    points, three, shares = plane(members, pixels)
    figure = Figure(figsize=(9, 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplot_mosaic([["plane", name] for name in "123"], width_ratios=[4, 1])
    ax = axes.pop("plane")
    key = f"grey: the other real training images of {recipe.label}, {len(members)} with both parents"
    ax.set_title(key, loc="left", fontsize=9)
    ax.scatter(*points.T, s=14, color="#b0b0b0", lw=0)
    ax.plot(*three[:2].T, color="#444444", lw=1.2)
    words = [f"● {1 - recipe.weight:.2f} × image", f"■ + {recipe.weight:.2f} × neighbour", "◆ = synthetic image"]
    show_pictures(list(axes.values()), pixels, words)
    for picture, place, marker, colour in zip(axes.values(), three, "osD", COLOURS, strict=False):
        ax.plot(*place, marker, ms=10, color=colour, mec="white")
        picture.spines[:].set(visible=True, color=colour, lw=3)
    for axis, number, share in zip((ax.xaxis, ax.yaxis), ("first", "second"), shares, strict=True):
        axis.set_label_text(f"{number} principal component (grey levels), {100 * share:.0f}% of the variance")
    ax.grid(axis="both")
    description = (
        f"A synthetic image, {1 - recipe.weight:.2f} × {recipe.image} + {recipe.weight:.2f} × {recipe.neighbour}, "
        f"lies between the two, among the {len(members)} real training images of {recipe.label}."
    )
    save_figure(
        figure, path, "3.7", f"A synthetic image of {recipe.label} between its parents", description, split, leaky
    )


def smote_classes(path: str | Path, counts: pd.DataFrame, dataset: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.8: images per class in the training list of `dataset`, its synthetic part hatched."""
    real, synthetic = counts[f"{dataset} real"], counts[f"{dataset} synthetic"]
    texts = [f"{true:,} + {made:,}" if made else f"{true:,}" for true, made in zip(real, synthetic, strict=True)]
    figure = class_bars(counts["class"], real, texts, COLOURS[1], synthetic)
    description = f"Real + synthetic: {listed(counts['class'], texts)}"
    save_figure(figure, path, "3.8", f"Training images with SMOTE: {dataset}", description, split, leaky, [dataset])


def synthetic_images(
    path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.9: up to three synthetic images [n, size, size, 3] per class; `recipes`: their rows of training.csv."""
    classes = recipes.groupby(recipes["label"].to_numpy(), sort=False).indices
    titles = [[f"{label}, weight {recipes['weight'].iloc[row]:.2f}" for row in rows] for label, rows in classes.items()]
    figure = triples([pixels[rows] for rows in classes.values()], titles)
    save_figure(figure, path, "3.9", "Synthetic images", f"Synthetic images of {', '.join(classes)}.", split, leaky)
