"""Figures as SVG: reproducible to the byte, with text as text and colours for colour-blind readers.

A figure carries its own title, description (alternative text) and labels (keywords such as protocol=corrected), so that
it explains itself wherever it is shown: the report reads them back with `captions_and_labels.read_figure`.
"""

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
STAMP_RED = "#b00020"
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def save(
    figure: Figure,
    path: str | Path,
    kind: str,
    title: str,
    description: str,
    labels: Mapping[str, Any] | None = None,
    leaky: bool = False,
    number: str | None = None,
) -> None:
    """Write `figure`, under the thesis' `number` if it has one, stamped if `leaky`.

    `kind` is the name of its caption in workflow/report. `labels` identify what it shows: protocol, seed, backbone,
    stage, dataset, as far as they apply.
    """
    if number:
        title = f"Figure {number}: {title}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    about = {"figure": kind, **(labels or {})} | ({"number": number} if number else {})
    if leaky:
        # As an x label of the figure it gets room of its own from the layout.
        box = {"facecolor": STAMP_RED, "edgecolor": "none", "boxstyle": "square,pad=0.4"}
        figure.supxlabel(STAMP, color="white", fontweight="bold", fontsize=10, bbox=box)
        about, description = about | {"leaky": "true"}, f"{STAMP}. {description}"
    keywords = [f"{name}={value}" for name, value in about.items()]
    metadata = {"Title": title, "Description": description, "Keywords": keywords, "Date": None}
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=metadata)
    Path(path).write_text(NOT_XML.sub("", PNG.sub(_jpeg, stream.getvalue())), encoding="utf-8")


def _jpeg(png: re.Match) -> str:
    """Convert an embedded PNG of an SVG to JPEG, which is a fifth of the size."""
    picture = Image.open(io.BytesIO(base64.b64decode(png[1]))).convert("RGBA")
    stream = io.BytesIO()
    Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB").save(
        stream, "JPEG", quality=88
    )
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def model_labels(card: Mapping) -> dict[str, str]:
    """Return the labels shared by models that differ from `card` (model.json) only in the dataset."""
    return {name: str(card[name]) for name in ("protocol", "seed", "backbone", "stage")}


def model_title(card: Mapping) -> str:
    """Return the title for models that differ from `card` only in the dataset."""
    weights = " (no pretrained weights)" if card["weights"] == "none" else ""
    return f"{card['backbone']}{weights}, stage {card['stage']}, {card['protocol']}, seed {card['seed']}"


def split_title(split: Mapping) -> str:
    """Return the title of a split, {"protocol": …, "seed": …}."""
    return f"{split['protocol']}, seed {split['seed']}"
