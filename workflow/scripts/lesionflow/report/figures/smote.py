"""Figures 3.6 to 3.9 of the thesis: SMOTE.

`split` is {"protocol": …, "seed": …}; `counts` is from `class_counts`; pixels are RGB, 0 to 255.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from lesionflow.data.store import Samples, Store
from lesionflow.report.figures.panels import DPI, class_bars, listed, save_numbered, show_pictures, triples
from lesionflow.report.figures.style import COLOURS


def no_synthetic_image(path: str | Path, number: str, split: Mapping, leaky: bool) -> None:
    """Figure 3.6, 3.7 or 3.9 if no class needed synthetic images."""
    figure = Figure(figsize=(9, 1), layout="constrained")
    text = "No class needed a synthetic image."
    figure.text(0.01, 0.4, text)
    save_numbered(figure, path, number, "SMOTE", text, split, leaky)


def smote_examples(path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Mapping, leaky: bool) -> None:
    """Figure 3.6: synthetic images beside their parents.

    `recipes` are rows of training.csv; `pixels` [n, 3, size, size, 3] their image, neighbour and mixture.
    """
    rows = list(recipes.itertuples())
    titles = [[f"{r.label}: {1 - r.weight:.2f} × image", f"+ {r.weight:.2f} × neighbour", "= synthetic"] for r in rows]
    words = [f"{1 - r.weight:.2f} × {r.image} + {r.weight:.2f} × {r.neighbour}" for r in rows]
    description = listed(recipes["label"], words)
    save_numbered(triples(pixels, titles), path, "3.6", "SMOTE, one example per class", description, split, leaky)


def plane(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project `members` and `others`, [n, 2] each, on the first two principal components of `members`.

    Both are images [n, size, size, 3]. The unit is grey levels, as the root mean square over the values of an image.
    Also returns the fractions [2] of variance explained by the two components.
    """
    flat = [images.reshape(len(images), -1).astype(np.float32) / images[0].size ** 0.5 for images in (members, others)]
    components = PCA(n_components=2, random_state=0).fit(flat[0])
    return components.transform(flat[0]), components.transform(flat[1]), components.explained_variance_ratio_


def clearest(recipes: pd.DataFrame, names: pd.Series, members: np.ndarray) -> pd.DataFrame:
    """Return the row of `recipes` whose mixture is furthest from both parents in the plane of `members`.

    `members` [n, size, size, 3] are the images `names` [n], which include the parents.
    """
    points = plane(members, members)[0]
    image, neighbour = (points[pd.Index(names).get_indexer(recipes[side])] for side in ("image", "neighbour"))
    nearer = np.minimum(recipes["weight"], 1 - recipes["weight"])
    return recipes.iloc[[(np.linalg.norm(image - neighbour, axis=1) * nearer).argmax()]]


def smote_plane(
    path: str | Path, recipe: pd.Series, members: np.ndarray, pixels: np.ndarray, split: Mapping, leaky: bool
) -> None:
    """Figure 3.7: a synthetic image between its parents in the plane of the first two principal components.

    `recipe` is its row of training.csv; `members` [n, size, size, 3] are the real training images of its class, and
    `pixels` [3, size, size, 3] its image, its neighbour and itself.
    """
    points, three, fractions = plane(members, pixels)
    figure = Figure(figsize=(9, 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplot_mosaic([["plane", name] for name in "123"], width_ratios=[4, 1])
    ax = axes.pop("plane")
    key = f"grey: the other real training images of {recipe.label}, {len(members)} with both parents"
    ax.set_title(key, loc="left", fontsize=9)
    ax.scatter(points[:, 0], points[:, 1], s=14, color="#b0b0b0", lw=0)
    ax.plot(*three[:2].T, color="#444444", lw=1.2)
    words = [f"● {1 - recipe.weight:.2f} × image", f"■ + {recipe.weight:.2f} × neighbour", "◆ = synthetic image"]
    show_pictures(list(axes.values()), pixels, words)
    for picture, place, marker, colour in zip(axes.values(), three, "osD", COLOURS, strict=False):
        ax.plot(*place, marker, ms=10, color=colour, mec="white")
        picture.spines[:].set(visible=True, color=colour, lw=3)
    for axis, number, fraction in zip((ax.xaxis, ax.yaxis), ("first", "second"), fractions, strict=True):
        axis.set_label_text(f"{number} principal component (grey levels), {100 * fraction:.0f}% of the variance")
    ax.grid(axis="both")
    description = (
        f"A synthetic image, {1 - recipe.weight:.2f} × {recipe.image} + {recipe.weight:.2f} × {recipe.neighbour}, "
        f"lies between the two, among the {len(members)} real training images of {recipe.label}."
    )
    save_numbered(
        figure, path, "3.7", f"A synthetic image of {recipe.label} between its parents", description, split, leaky
    )


def smote_classes(path: str | Path, counts: pd.DataFrame, dataset: str, split: Mapping, leaky: bool) -> None:
    """Figure 3.8: images per class in the training list of `dataset`, its synthetic part hatched."""
    real, synthetic = counts[f"{dataset} real"], counts[f"{dataset} synthetic"]
    texts = [f"{true:,} + {made:,}" if made else f"{true:,}" for true, made in zip(real, synthetic, strict=True)]
    figure = class_bars(counts["class"], real, texts, COLOURS[1], synthetic)
    description = f"Real + synthetic: {listed(counts['class'], texts)}"
    save_numbered(
        figure, path, "3.8", f"Training images with SMOTE: {dataset}", description, split, leaky, dataset=dataset
    )


def synthetic_images(path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Mapping, leaky: bool) -> None:
    """Figure 3.9: up to three synthetic images [n, size, size, 3] per class; `recipes`: their rows of training.csv."""
    classes = recipes.groupby(recipes["label"].to_numpy(), sort=False).indices
    titles = [[f"{label}, weight {recipes['weight'].iloc[row]:.2f}" for row in rows] for label, rows in classes.items()]
    figure = triples([pixels[rows] for rows in classes.values()], titles)
    save_numbered(figure, path, "3.9", "Synthetic images", f"Synthetic images of {', '.join(classes)}.", split, leaky)


def plot_pictures(paths: Sequence[Path], store: Store, training: pd.DataFrame, split: Mapping, leaky: bool) -> None:
    """Figures 3.6, 3.7 and 3.9 to `paths`: per class the most even mix; one in its plane; per class the first three.

    `training` is training.csv with categorical labels.
    """
    real, synthetic = (training[training["neighbour"].isna() == kind] for kind in (True, False))
    synthetic = synthetic.sort_values("label", kind="stable")
    if synthetic.empty:
        for path, number in zip(paths, ("3.6", "3.7", "3.9"), strict=True):
            no_synthetic_image(path, number, split, leaky)
        return
    images = Samples.from_list(store, training, list(training["label"].cat.categories))

    def with_parents(rows: pd.DataFrame) -> np.ndarray:
        mixed = images.read(rows.index.to_numpy()).permute(0, 2, 3, 1).numpy()
        return np.stack([*(store.read(store.positions(rows[side])) for side in ("image", "neighbour")), mixed], axis=1)

    of_class = synthetic.groupby("label", observed=True)
    even = synthetic.loc[(synthetic["weight"] - 0.5).abs().groupby(synthetic["label"], observed=True).idxmin()]
    smote_examples(paths[0], even, with_parents(even), split, leaky)
    rarest = real["label"].value_counts()[even["label"]].idxmin()
    names = real.loc[real["label"] == rarest, "image"]
    members = store.read(store.positions(names))
    shown = clearest(of_class.get_group(rarest), names, members)
    smote_plane(paths[1], shown.iloc[0], members, with_parents(shown)[0], split, leaky)
    synthetic_images(paths[2], of_class.head(3), with_parents(of_class.head(3))[:, 2], split, leaky)
