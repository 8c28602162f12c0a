"""The thesis' figures of its data under their numbers, 1.1 and 3.1 to 3.9.

`split` names protocol and seed; `counts` is from `counts.class_counts`; pixels are RGB, 0 to 255.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch
from sklearn.decomposition import PCA

from lesionflow.report.figures.style import COLOURS, save, split_keywords

GREY = "#767676"
RESOLUTIONS = 12  # the rest is summed
DPI = 72  # of embedded pictures: about 96 pixels of 1.3 inches


def _save(
    figure: Figure,
    path: str | Path,
    number: str,
    title: str,
    description: str,
    split: Sequence[str] = (),
    leaky: bool = False,
    dataset: Sequence[str] = (),
) -> None:
    """Write figure `number`, of a split, or one of its datasets, or of the whole collection."""
    keywords = ["data" if split else "collection", *split_keywords(split)]
    keywords += [f"dataset {name}" for name in dataset]
    save(figure, path, keywords, ", ".join([title, *split]), description, leaky, number)


def _listed(names: Sequence[str], values: Sequence) -> str:
    """Names and values as a sentence."""
    return f"{', '.join(f'{name} {value}' for name, value in zip(names, values, strict=True))}."


def _pictures(axes: Sequence[Axes], pixels: Sequence[np.ndarray], titles: Sequence[str]) -> None:
    """Show pictures [n, size, size, 3], one in each of the axes; hide axes that are left over."""
    for ax, picture, title in zip(axes, pixels, titles, strict=False):
        ax.imshow(np.rint(picture).astype(np.uint8))
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, fontsize=9)
    for ax in axes[len(pixels) :]:
        ax.set_visible(False)


def _triples(blocks: Sequence[np.ndarray], titles: Sequence[Sequence[str]]) -> Figure:
    """Blocks of up to three pictures [3, size, size, 3], two blocks in a row."""
    rows = -(-len(blocks) // 2)
    figure = Figure(figsize=(9, 0.5 + 1.7 * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, 6, squeeze=False).reshape(-1, 3)
    for block in range(len(axes)):
        given = block < len(blocks)
        _pictures(axes[block], blocks[block] if given else [], titles[block] if given else [])
    return figure


def _class_bars(
    classes: Sequence[str], counts: Sequence[int], texts: Sequence[str], colour: str, synthetic: Sequence[int] = ()
) -> Figure:
    """Images per class as bars with `texts` on top, those that are synthetic hatched."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    ax = figure.subplots()
    ax.bar(classes, counts, color=colour)
    top = np.asarray(counts)
    if np.any(synthetic):
        ax.bar(classes, synthetic, bottom=counts, fc="white", ec=colour, hatch="////", lw=1)
        handles = [Patch(color=colour, label="real"), Patch(fc="white", ec=colour, hatch="////", label="synthetic")]
        figure.legend(handles=handles, loc="outside right center", frameon=False)
        top = top + np.asarray(synthetic)
    for place, (height, text) in enumerate(zip(top, texts, strict=True)):
        ax.annotate(text, (place, height), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    ax.set(ylabel="images", ylim=(0, 1.2 * max(top)))
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return figure


def sample_images(path: str | Path, pixels: np.ndarray, classes: Sequence[str], names: Mapping[str, str]) -> None:
    """Figure 1.1: one image per class, uint8 [classes, size, size, 3]; `names` writes classes out."""
    rows = -(-len(classes) // 4)
    figure = Figure(figsize=(9, 0.4 + 2.5 * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, 4, squeeze=False).ravel()
    _pictures(axes, pixels, [f"{name}\n{names.get(name, '')}".strip() for name in classes])
    description = f"One image of each of {', '.join(names.get(name, name) for name in classes)}."
    _save(figure, path, "1.1", "One sample per class", description)


def resolution_counts(manifest: pd.DataFrame) -> pd.Series:
    """Images by "width × height", most frequent first, those after the first RESOLUTIONS summed."""
    counts = manifest.groupby(["width", "height"]).size().sort_values(ascending=False, kind="stable")
    counts.index = [f"{width} × {height}" for width, height in counts.index]
    shown, rest = counts.iloc[:RESOLUTIONS], counts.iloc[RESOLUTIONS:]
    return pd.concat([shown, pd.Series({f"{len(rest)} more": rest.sum()})]) if len(rest) else shown


def resolutions(path: str | Path, manifest: pd.DataFrame) -> None:
    """Figure 3.1: image resolutions and their counts; `manifest` has width and height in pixels."""
    counts = resolution_counts(manifest)
    figure = Figure(figsize=(9, max(2.4, 1.2 + 0.27 * len(counts))), layout="constrained")
    ax = figure.subplots()
    bars = ax.barh(range(len(counts)), counts, color=[*[COLOURS[0]] * RESOLUTIONS, GREY][: len(counts)])
    texts = [f"{count:,} ({100 * count / len(manifest):.1f}%)" for count in counts]
    ax.bar_label(bars, texts, fontsize=9, padding=3)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(xlabel="images", ylabel="width × height (pixels)", xlim=(0, 1.18 * counts.max()))
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.invert_yaxis()
    _save(figure, path, "3.1", f"Resolutions of {len(manifest):,} images", _listed(counts.index, texts))


def collection_classes(path: str | Path, labels: pd.Series, classes: Sequence[str]) -> None:
    """Figure 3.2: images per class in the collection."""
    counts = labels.value_counts().reindex(classes)
    texts = [f"{count:,}\n{100 * count / len(labels):.1f}%" for count in counts]
    figure = _class_bars(classes, counts, texts, GREY)
    _save(figure, path, "3.2", f"Classes of {len(labels):,} images", _listed(classes, counts))


def preparation(
    path: str | Path, files: int, size: int, counts: pd.DataFrame, copied: int, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.3: how many images go from one step of preparing the data to the next.

    `files` were found, their images packed to `size` × `size` pixels; `copied` test images stand in training too.
    """
    lists = [name.removesuffix(" real") for name in counts if name.endswith(" real")]
    parts = [part for part in ("train", "valid", "test", "unused") if counts[part].any()]
    totals = counts.drop(columns="class").sum()
    rows = max(len(parts), len(lists))
    figure = Figure(figsize=(9, 1 + 0.8 * rows), layout="constrained")
    ax = figure.subplots()
    ax.set(xlim=(-0.45, 3.45), ylim=(rows - 0.5, -0.8))
    ax.set_axis_off()
    for column, step in enumerate(("collect", "pack", "split", "balance")):
        ax.text(column, -0.7, f"{column + 1}. {step}", ha="center", fontweight="bold")
    left_out = f"{files - totals['raw']:,} left out"
    _box(ax, (0, 0), "raw images", f"{files:,} files", "#eeeeee")
    _box(ax, (1, 0), f"{size} × {size} pixels", f"{totals['raw']:,} images\n{left_out}", "#eeeeee", (0, 0))
    for row, part in enumerate(parts):
        words = f"{totals[part]:,} images\n{_span(counts[part])} per class"
        if part == "test" and copied:
            words = f"{totals[part]:,} images\n{copied:,} also in train"
        _box(ax, (2, row), part, words, "#f6c7b6" if part == "test" and copied else "#cfe6f5", (1, 0))
    for row, name in enumerate(lists):
        words = f"{totals[f'{name} real']:,} real\n{totals[f'{name} synthetic']:,} synthetic"
        _box(ax, (3, row), name, words, "#bfe3d6", (2, 0))
    description = f"{files:,} files, {left_out}. {_listed(parts, totals[parts])} "
    description += _listed(lists, [f"{totals[f'{name} real']} + {totals[f'{name} synthetic']}" for name in lists])
    _save(figure, path, "3.3", "Data preparation", description, split, leaky)


def _span(counts: pd.Series) -> str:
    """Smallest and largest count."""
    low, high = counts.min(), counts.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _box(ax: Axes, place: tuple, title: str, words: str, colour: str, source: tuple | None = None) -> None:
    """A box about `place` with an arrow from the box about `source`, both (column, row)."""
    (x, y), half = place, 0.36
    look = {"boxstyle": "round,pad=0,rounding_size=0.04", "fc": colour, "ec": "#444444", "lw": 0.8}
    ax.add_patch(FancyBboxPatch((x - half, y - half), 2 * half, 2 * half, **look))
    ax.text(x, y - 0.2, title, ha="center", va="center", fontweight="bold", fontsize=9)
    ax.text(x, y + 0.1, words, ha="center", va="center", fontsize=9)
    if source:
        middle = (source[0] + x) / 2
        ax.plot([source[0] + half, middle, middle], [source[1], source[1], y], color="#444444", lw=1)
        arrow = {"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x - half, y), (middle, y), arrowprops=arrow)


def undersampling(path: str | Path, counts: pd.DataFrame, dataset: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.4: training images per class that `dataset` keeps."""
    kept = counts[f"{dataset} real"]
    texts = [f"{some:,}\nof {every:,}" for some, every in zip(kept, counts["train"], strict=True)]
    figure = _class_bars(counts["class"], kept, texts, COLOURS[0])
    description = _listed(counts["class"], [text.replace("\n", " ") for text in texts])
    _save(figure, path, "3.4", f"Balance after under-sampling: {dataset}", description, split, leaky, [dataset])


def augmentation_examples(path: str | Path, pixels: np.ndarray, image: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.5: the training image named `image` and eight augmented versions, [9, size, size, 3]."""
    figure = Figure(figsize=(9, 3.8), dpi=DPI, layout="constrained")
    axes = figure.subplot_mosaic("001234;005678")
    _pictures(list(axes.values()), pixels, [image, *"12345678"])
    description = f"The training image {image} and eight versions, changed at random as while training."
    _save(figure, path, "3.5", "Augmentation", description, split, leaky)


def no_synthetic_image(path: str | Path, number: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.6, 3.7 or 3.9 where every class had images enough."""
    figure = Figure(figsize=(9, 1), layout="constrained")
    text = "No class needed a synthetic image."
    figure.text(0.01, 0.4, text)
    _save(figure, path, number, "SMOTE", text, split, leaky)


def smote_examples(
    path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.6: synthetic images beside their parents.

    `recipes` are rows of training.csv; `pixels` [n, 3, size, size, 3] their image, neighbour and mix.
    """
    rows = list(recipes.itertuples())
    titles = [[f"{r.label}: {1 - r.weight:.2f} × image", f"+ {r.weight:.2f} × neighbour", "= synthetic"] for r in rows]
    words = [f"{1 - r.weight:.2f} × {r.image} + {r.weight:.2f} × {r.neighbour}" for r in rows]
    description = _listed(recipes["label"], words)
    _save(_triples(pixels, titles), path, "3.6", "SMOTE, one example per class", description, split, leaky)


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
    _pictures(list(axes.values()), pixels, words)
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
    _save(figure, path, "3.7", f"A synthetic image of {recipe.label} between its parents", description, split, leaky)


def smote_classes(path: str | Path, counts: pd.DataFrame, dataset: str, split: Sequence[str], leaky: bool) -> None:
    """Figure 3.8: images per class in the training list of `dataset`, its synthetic part hatched."""
    real, synthetic = counts[f"{dataset} real"], counts[f"{dataset} synthetic"]
    texts = [f"{true:,} + {made:,}" if made else f"{true:,}" for true, made in zip(real, synthetic, strict=True)]
    figure = _class_bars(counts["class"], real, texts, COLOURS[1], synthetic)
    description = f"Real + synthetic: {_listed(counts['class'], texts)}"
    _save(figure, path, "3.8", f"Training images with SMOTE: {dataset}", description, split, leaky, [dataset])


def synthetic_images(
    path: str | Path, recipes: pd.DataFrame, pixels: np.ndarray, split: Sequence[str], leaky: bool
) -> None:
    """Figure 3.9: up to three synthetic images [n, size, size, 3] per class; `recipes`: their rows of training.csv."""
    classes = recipes.groupby(recipes["label"].to_numpy(), sort=False).indices
    titles = [[f"{label}, weight {recipes['weight'].iloc[row]:.2f}" for row in rows] for label, rows in classes.items()]
    figure = _triples([pixels[rows] for rows in classes.values()], titles)
    _save(figure, path, "3.9", "Synthetic images", f"Synthetic images of {', '.join(classes)}.", split, leaky)
