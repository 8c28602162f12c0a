"""Parts of the figures of the data: pictures side by side, bars per class, sentences."""

import bisect
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch
from matplotlib.textpath import text_to_path

from lesionflow.report.figures.style import save, split_title

GREY = "#767676"
DPI = 72  # of embedded pictures: about 96 pixels of 1.3 inches


def save_numbered(
    figure: Figure,
    path: str | Path,
    number: str,
    title: str,
    description: str,
    split: Mapping | None = None,
    leaky: bool = False,
    **labels: str,
) -> None:
    """Write figure `number` of the thesis: of a split {"protocol": …, "seed": …}, or of the whole collection."""
    kind = f"figure_{number.replace('.', '_')}"
    title = f"{title}, {split_title(split)}" if split else title
    save(figure, path, kind, title, description, {**(split or {}), **labels}, leaky, number)


def listed(names: Sequence[str], values: Sequence) -> str:
    """Names and values as a sentence."""
    return f"{', '.join(f'{name} {value}' for name, value in zip(names, values, strict=True))}."


def shortened(text: str, width: float, size: float) -> str:
    """`text` with the middle of each line that is wider than `width` points at font `size` replaced by an ellipsis."""
    return "\n".join(_shortened_line(line, width, size) for line in text.split("\n"))


def _shortened_line(line: str, width: float, size: float) -> str:
    def shown(kept: int) -> str:
        return line if kept == len(line) else f"{line[: -(-kept // 2)]}…{line[len(line) - kept // 2 :]}"

    def width_of(kept: int) -> float:
        return text_to_path.get_text_width_height_descent(shown(kept), FontProperties(size=size), ismath=False)[0]

    if not line or width_of(len(line)) <= width:
        return line
    return shown(bisect.bisect_right(range(len(line)), width, key=width_of) - 1)


def show_pictures(
    axes: Sequence[Axes] | np.ndarray, pixels: Sequence[np.ndarray] | np.ndarray, titles: Sequence[str]
) -> None:
    """Show pictures [n, size, size, 3], one in each of the axes; hide axes that are left over."""
    for ax, picture, title in zip(axes, pixels, titles, strict=False):
        ax.imshow(np.rint(picture).astype(np.uint8))
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, fontsize=9)
    for ax in axes[len(pixels) :]:
        ax.set_visible(False)


def triples(blocks: Sequence[np.ndarray] | np.ndarray, titles: Sequence[Sequence[str]]) -> Figure:
    """Blocks of up to three pictures [3, size, size, 3], two blocks in a row."""
    rows = -(-len(blocks) // 2)
    figure = Figure(figsize=(9, 0.5 + 1.7 * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, 6, squeeze=False).reshape(-1, 3)
    for block in range(len(axes)):
        given = block < len(blocks)
        show_pictures(axes[block], blocks[block] if given else [], titles[block] if given else [])
    return figure


def class_bars(
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
