"""Figures as SVG: the same numbers give the same bytes, text stays text, colours suit the colour-blind.

A figure carries its own title, description (alternative text) and keywords, so that it explains itself wherever
it is shown: the report reads them back with `captions_and_labels.read_figure`.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
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
