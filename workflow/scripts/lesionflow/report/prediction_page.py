"""One HTML file with new images and a model's predictions for them, which opens without a network."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.source import REPORT

TEMPLATE = REPORT / "prediction_page.html.j2"
PICTURES = 200
THUMBNAIL = 200  # pixels of the longer side
TOP = 3


def thumbnail(pixels: np.ndarray, width: int, height: int) -> dict:
    """Return a packed image (uint8 [size, size, 3]) in its original aspect ratio: uri of a JPEG, width and height."""
    scale = THUMBNAIL / max(width, height)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    stream = io.BytesIO()
    Image.fromarray(pixels).resize(shape, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
    uri = f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
    return {"uri": uri, "width": shape[0], "height": shape[1]}


def top_classes(row: pd.Series, class_names: Mapping[str, str]) -> list[dict]:
    """Return full name and probability of the most probable classes of a row of probabilities."""
    best = row.astype(float).nlargest(TOP)
    return [{"name": class_names.get(key, key), "probability": value} for key, value in best.items()]


def pictures(
    rows: pd.DataFrame, files: pd.DataFrame, pixels: np.ndarray, classes: Sequence[str], class_names: Mapping[str, str]
) -> list[dict]:
    """Return images of `rows` (of predictions.csv) with their most probable classes; `files` is indexed by image."""
    found = []
    for _, row in rows.iterrows():
        file = files.loc[row["image"]]
        found.append(
            {"image": row["image"], "predicted": row["predicted"]}
            | {"top": top_classes(row[classes], class_names)}
            | thumbnail(pixels[file["row"]], file["width"], file["height"])
        )
    return found


def page(
    template: str | Path,
    *,
    name: str,
    predictions: pd.DataFrame,
    files: pd.DataFrame,
    pixels: np.ndarray,
    card: Mapping,
    warnings: Sequence[str],
    class_names: Mapping[str, str],
) -> str:
    """Return the page as HTML: the first PICTURES readable images, and unreadable files.

    `predictions` is predictions.csv, `files` and `pixels` are the packed shard, `card` is the model.json of the
    model that was chosen, with its folder, and `warnings` are printed in large letters.
    """
    read = predictions[predictions["status"] == "ok"]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    unreadable = predictions[predictions["status"] != "ok"]
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(
        name=name,
        card=card,
        warnings=warnings,
        class_names=[class_names.get(key, key) for key in card["classes"]],
        total=len(read),
        pictures=pictures(read.head(PICTURES), files.set_index("image"), pixels, card["classes"], class_names),
        counts=read["predicted"].value_counts(),
        unreadable=unreadable.head(PICTURES)[["image", "status"]].to_dict("records"),
        unreadable_count=len(unreadable),
    )
