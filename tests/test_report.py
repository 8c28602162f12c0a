"""Figures and report of made-up results."""

import base64
import html
import io
import re
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import REPOSITORY
from made_up import counts, drawn, results, rungs, searched, spent, table
from matplotlib.figure import Figure
from PIL import Image

from lesionflow.config.settings import run_settings
from lesionflow.evaluation.best_model import best_model
from lesionflow.report import page as report
from lesionflow.report.captions_and_labels import caption, read_figure, read_table
from lesionflow.report.figures import style
from lesionflow.report.sections.best import headlines
from lesionflow.report.tables.search import searches
from lesionflow.report.tables.table import Table

LICENCE = "CC BY-NC 4.0, of <someone>"


CATEGORIES = {"curves": "Single models", "confusion": "Single models", "classes": "Images", "leakage": "Images",
              "search": "Search", "ladder": "Ladder of leakage"}  # fmt: skip


def page(folder: Path, leaky: bool = False, rejected: int = 12, protocol: str | None = None, **more) -> str:
    protocol = protocol or ("as_published" if leaky else "corrected")
    folder.mkdir(exist_ok=True)
    rows, of = pd.DataFrame({"metric": ["accuracy"], "x": ["0.5"]}), {"backbone": "resnet50", "stage": "3"}
    whole = Table(
        "global_resnet50_3", "resnet50, stage 3, global metrics", rows, rows, ["metric"], labels=of, number="3.12"
    )
    whole.write(*(folder / f"table.{ending}" for ending in ("csv", "md", "html")))
    card = {"protocol": protocol, "backbone": "resnet50", "stage": "3", "dataset": "smote"}
    study = {
        "collection": "mine",
        "results": table(protocols=[protocol]),
        "ladder": rungs() if leaky else None,
        "search": searches(*([one] for one in searched(protocol)), ["as_published"], {}),
        "runs": [read_table(folder / "table.html")],
        "counts": counts().assign(protocol=protocol, seed=1),
        "costs": spent(protocols=[protocol]),
        "rejected": pd.DataFrame({"image": [f"BAD_{number}" for number in range(rejected)], "reason": "corrupt"}),
        "records": results(protocols=[protocol])[0],
        "cards": [{"title": "resnet50, stage 3", "labels": card, "html": ""}],
        "figures": [read_figure(path) for path in drawn(folder / "figures", leaky, protocol)],
        "categories": CATEGORIES,
        "evidence": "Lesion known for 40 of 400 images. 2 sets",
        "settings": {"image_size": 64, "run": {"protocols": [protocol]}},
        "class_names": {"MEL": "melanoma"},
        "licence": LICENCE,
    }
    return report.page(report.TEMPLATE, report.Study(**(study | more)))


def test_a_figure_of_a_new_category_has_a_section_of_its_own(tmp_path):
    figure = Figure(figsize=(2, 2))
    style.save(figure, tmp_path / "a.svg", "curves", "One", "Noise.", {"protocol": "corrected"})
    text = page(tmp_path, figures=[read_figure(tmp_path / "a.svg")], categories={"curves": "Trust me"})
    assert "<h2>Trust me</h2>" in text and '<a href="#trust_me">Trust me</a>' in text
    (shown,) = re.findall('<section id="trust_me".*?</section>', text, re.DOTALL)
    assert '<figure data-protocol="corrected">' in shown and 'alt="One. Noise."' in shown


@pytest.mark.workflow
@pytest.mark.parametrize("leaky", [False, True])
def test_figures(tmp_path, leaky):
    again = drawn(tmp_path / "again", leaky)
    for path, other in zip(drawn(tmp_path / "once", leaky), again, strict=True):
        assert path.read_bytes() == other.read_bytes()
        root = ElementTree.parse(path).getroot()
        words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
        assert any("seed 1" in (word or "") for word in words)  # text stays text
        assert (style.STAMP in words) is leaky
        figure = read_figure(path)
        assert figure["kind"] == path.stem and figure["description"]
        assert figure["labels"]["seed"] == "1" and figure["leaky"] is leaky


def test_headline_is_chosen_by_validation():
    long = table()
    long["valid_balanced_accuracy"] = 0.1
    long.loc[4, "valid_balanced_accuracy"] = 0.9
    long.loc[5, "balanced_accuracy"] = 1.0
    (best,) = headlines(long)
    assert (best["backbone"], best["stage"], best["dataset"]) == tuple(long.loc[4, ["backbone", "stage", "dataset"]])
    assert best["test"] == long.loc[4, "balanced_accuracy"] and best["models"] == 18
    assert best["used"] and best["seed"] == 1


def test_the_report_names_the_seed_that_predict_and_export_use():
    rows = table(protocols=["corrected", "as_published"], seeds=(1, 2, 3))
    rows.loc[rows["protocol"] == "as_published", "valid_balanced_accuracy"] = 1.0
    best = {row["protocol"]: row for row in headlines(rows)}
    assert best["corrected"]["used"] and not best["as_published"]["used"]
    assert best["corrected"]["seed"] == best_model(rows)["seed"]


def test_settings_are_those_of_the_run():
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    config["run"] |= {"backbones": ["resnet50"], "datasets": ["smote"]}
    settings = run_settings(config)
    assert list(settings["backbones"]) == ["resnet50"] == list(settings["protocols"]["corrected"]["stages"])
    assert list(settings["datasets"]) == ["smote"] and "download" not in settings["collections"]["isic2019"]


class Page(HTMLParser):
    """What a page loads, its alternative texts, what its parts are labelled with, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.loads, self.alts, self.labels, self.words = [], [], [], []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        # A link that is clicked loads nothing by itself.
        self.loads += [value for key, value in attrs.items() if key == "src" or (key == "href" and tag != "a")]
        self.alts += [attrs.get("alt")] if tag == "img" else []
        labels = {key: value for key, value in attrs.items() if key.startswith("data-") and key != "data-group"}
        self.labels += [labels] if labels else []

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("leaky", [False, True])
def test_page(tmp_path, leaky):
    text = page(tmp_path, leaky)
    seen = Page(text)
    assert len(seen.loads) == 5 and all(load.startswith("data:image/svg+xml,") for load in seen.loads)
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    assert report.script_digest(script) in html.unescape(text)  # the policy allows this script and no other
    assert "@import" not in text and not re.search(r"url\(", text)
    assert all(seen.alts)
    assert ("predict and export_onnx use this model" in seen.text) is not leaky
    for words in (
        "Table 4.1", "Research use only, not a diagnosis", LICENCE, "2.10.0", "cpu, 2 threads", "image_size: 64",
        "12 images or label rows were left out", "BAD_9", "MEL melanoma",
        "resnet50 started from random initialisation", "Search of optimizer and learning rate", "Table 3.12.",
    ):  # fmt: skip
        assert words in seen.text
    assert "BAD_10" not in seen.text
    assert "<someone>" not in text  # escaped
    assert ("as_published LEAKY" in seen.text) is leaky and ("Ladder of leakage" in seen.text) is leaky


@pytest.mark.workflow
@pytest.mark.parametrize("name", ["smote", "resnet50"])
def test_a_protocol_with_the_name_of_something_else_is_not_taken_for_it(tmp_path, name):
    """A protocol that is named like a dataset or a backbone filters the same parts of the page as any other."""
    expected = Page(page(tmp_path / "one")).labels
    assert sum("data-dataset" in labels for labels in expected) > 20
    assert sum("data-protocol" in labels for labels in expected) > 20
    for labels in expected:
        if labels.get("data-protocol") == "corrected":
            labels["data-protocol"] = name
    assert Page(page(tmp_path / "other", protocol=name)).labels == expected


def test_page_without_rejected_images(tmp_path):
    assert "None: every image and every label row was used." in Page(page(tmp_path, rejected=0)).text


def test_photographs_in_figures_are_jpeg(tmp_path):
    figure = Figure(figsize=(2, 2))
    figure.figimage(np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8))
    style.save(figure, tmp_path / "a.svg", "figure_1_1", "One", "Noise.", number="1.1")
    shown = read_figure(tmp_path / "a.svg")
    assert (shown["number"], shown["labels"], shown["leaky"]) == ("1.1", {}, False) and shown[
        "title"
    ] == "Figure 1.1: One"
    svg = ElementTree.fromstring(urllib.parse.unquote(shown["uri"].partition(",")[2]))
    (image,) = svg.iter("{http://www.w3.org/2000/svg}image")
    kind, _, data = image.get("{http://www.w3.org/1999/xlink}href").partition("base64,")
    assert kind == "data:image/jpeg;" and Image.open(io.BytesIO(base64.b64decode(data))).size[0] >= 80


@pytest.mark.parametrize("name", ["a=b", "leaky", "figure=c", "1", "seed"])
def test_labels_of_a_figure_are_what_was_written(tmp_path, name):
    labels = {"protocol": name, "backbone": "resnet50", "dataset": name}
    style.save(Figure(figsize=(1, 1)), tmp_path / "a.svg", "curves", "One", "Noise.", labels)
    shown = read_figure(tmp_path / "a.svg")
    assert (shown["labels"], shown["kind"], shown["leaky"]) == (labels, "curves", False)


def test_captions():
    folder, labels = REPOSITORY / "workflow/report", {"protocol": "corrected", "backbone": "resnet50", "stage": "3"}
    text = caption(folder, "curves", "mine", labels | {"seed": "7"}, leaky=True)
    assert text.startswith("<p>Accuracy and loss per epoch of resnet50, stage 3, protocol corrected, seed 7 (<strong")
    assert 'class="leaky">LEAKY</strong>' in text
    text = caption(folder, "figure_3_8", "mine", labels | {"seed": "1", "dataset": "smote"})
    assert text.startswith("<p>Training images per class after SMOTE (smote), the synthetic part hatched")
