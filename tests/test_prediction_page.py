"""The page of predictions of new images."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
from helpers import CLASSES, REPOSITORY
from made_up import RECORD

from lesionflow.evaluation.best_model import (
    DRAWN,
)
from lesionflow.evaluation.predictions import prediction_table
from lesionflow.report import prediction_page

NAMES = {"MEL": "melanoma", "NV": "melanocytic naevus"}


class Page(HTMLParser):
    """Start tags with their attributes, and all text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def gallery_page(count: int, broken: int, *warnings: str, **changes) -> Page:
    """The page of so many readable and broken images."""
    names = [f"<{number:03d}>" for number in range(count + broken)]
    files = pd.DataFrame({"image": names, "row": range(len(names)), "width": 60, "height": 40})
    files["status"] = ["ok"] * count + ["cannot be decoded: <cut>"] * broken
    probabilities = pd.DataFrame([[0.4, 0.3, 0.2, 0.05, 0.05, 0, 0, 0]] * count, columns=CLASSES)
    probabilities.insert(0, "image", names[:count])
    text = prediction_page.page(
        REPOSITORY / "workflow/report/prediction_page.html.j2",
        name="<new>",
        predictions=prediction_table(files, probabilities, NAMES),
        files=files,
        pixels=np.zeros((len(names), 32, 32, 3), np.uint8),
        card=RECORD | {"folder": "results/x"} | changes,
        warnings=warnings,
        class_names=NAMES,
    )
    assert "<cut>" not in text and "<new>" not in text
    return Page(text)


def test_the_gallery_shows_the_first_pictures_and_three_classes_of_each():
    shown = gallery_page(203, 1)
    pictures = [attributes for tag, attributes in shown.tags if tag == "img"]
    assert len(pictures) == 200
    assert all(picture["src"].startswith("data:image/jpeg;base64,") for picture in pictures)
    assert pictures[7]["alt"] == "<007>" and (pictures[7]["width"], pictures[7]["height"]) == ("200", "133")
    assert shown.text.count("Research use only, not a diagnosis.") == 2
    assert "The first 200 of 203 images" in shown.text
    assert "<007>: melanoma" in shown.text and "melanocytic naevus 30.0" in shown.text and "BCC 20.0" in shown.text
    bars = [attributes for _, attributes in shown.tags if attributes.get("class") == "fill"]
    assert len(bars) == 600 and bars[1]["style"] == "width: 30.0%"
    assert "cannot be decoded: <cut>" in shown.text and "LEAKY" not in shown.text


def test_the_gallery_of_a_leaking_model_says_so():
    shown = gallery_page(2, 0, leaky=True)
    assert "LEAKY" in shown.text
    assert "2 images that could be read" in shown.text and "Files that could not be read" not in shown.text


def test_the_gallery_says_in_large_letters_what_must_be_said():
    shown = gallery_page(2, 0, DRAWN)
    assert shown.text.count(DRAWN) == 2
    assert [attributes.get("class") for _, attributes in shown.tags].count("notice warning") == 2
    assert not [tag for tag, attributes in gallery_page(2, 0).tags if "warning" in attributes.get("class", "")]


def test_a_thumbnail_has_the_shape_of_its_file():
    shape = prediction_page.thumbnail(np.zeros((32, 32, 3), np.uint8), 10, 4000)
    assert (shape["width"], shape["height"]) == (1, 200)
