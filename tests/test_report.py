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
from made_up import LICENCE, drawn, page, rungs, table
from matplotlib.figure import Figure
from PIL import Image

from lesionflow.config.settings import run_settings
from lesionflow.evaluation.best_model import best_model
from lesionflow.report import page as report
from lesionflow.report.captions_and_labels import caption, read_figure
from lesionflow.report.figures import style
from lesionflow.report.figures.results import LEAKY
from lesionflow.report.figures.results import results as results_figure
from lesionflow.report.sections.best import headlines
from lesionflow.report.sections.verdict import leak_sentence
from lesionflow.report.tables.table import Table


def test_a_figure_of_a_new_category_has_a_section_of_its_own(tmp_path):
    figure = Figure(figsize=(2, 2))
    style.save(figure, tmp_path / "a.svg", "curves", "One", "Noise.", {"protocol": "corrected"})
    text = page(tmp_path, figures=[read_figure(tmp_path / "a.svg")], categories={"curves": "Trust me"})
    assert "<h3>Trust me</h3>" in text and '<a href="#trust_me">Trust me</a>' in text
    (shown,) = re.findall('<section id="trust_me".*?</section>', text, re.DOTALL)
    assert '<figure data-protocol="corrected">' in shown and 'alt="One. Noise."' in shown


def words(path: Path) -> list[str]:
    """The texts of an SVG."""
    root = ElementTree.parse(path).getroot()
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("protocols", [["corrected"], ["as_published"], ["corrected", "as_published"]])
@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_the_figure_of_all_models_shows_each_of_them(tmp_path, protocols, seeds):
    long = table(protocols=protocols, seeds=seeds)
    for name in "ab":
        results_figure(tmp_path / f"{name}.svg", long, "mine", 8)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    said = words(tmp_path / "a.svg")
    assert said.count("stage 3, smote") == 3 * len(protocols)
    assert said.count(f"{protocols[0]}: resnet50 (no pretrained weights)") == 1
    assert (LEAKY in said) is ("as_published" in protocols)
    assert ("95 % interval over lesions" in said) is (len(seeds) == 1)
    assert ("single seeds; mean filled" in said) is (len(seeds) > 1)
    assert "printed in the thesis (LEAKY)" in said and "chance" in said
    mean = long.groupby(["protocol", "backbone", "stage", "dataset"])["balanced_accuracy"].mean()
    assert sorted(word for word in said if re.fullmatch(r"0\.\d\d", word)) == sorted(f"{value:.2f}" for value in mean)
    figure = read_figure(tmp_path / "a.svg")
    assert figure["kind"] == "results" and figure["title"] == "All models: mine" and "0.125" in figure["description"]
    assert figure["description"].count("LEAKY") == ("as_published" in protocols)


def test_the_figure_of_all_models_without_the_thesis(tmp_path):
    long = table().query("backbone == 'resnet50' and stage == 3")
    results_figure(tmp_path / "a.svg", long.assign(published_sensitivity_macro=np.nan), "mine", 8)
    assert not any("thesis" in word for word in words(tmp_path / "a.svg"))
    assert "thesis" not in read_figure(tmp_path / "a.svg")["description"]


def test_the_leak_in_a_sentence():
    """The same network under another protocol, else the ladder, else the thesis, else nothing."""
    long = table(protocols=["corrected", "as_published"])
    long["balanced_accuracy"] = 0.3
    one = (long["backbone"] == "resnet50") & (long["stage"] == 2) & (long["dataset"] == "smote")
    long.loc[one, "balanced_accuracy"] = [0.41, 0.92]
    text = leak_sentence(long, rungs())
    assert text.startswith("as_published claims a balanced accuracy of 0.92.")
    assert "(resnet50, stage 2, smote) reaches 0.41 under corrected" in text
    honest = long[~long["leaky"]]
    text = leak_sentence(honest, rungs())
    assert "random_split claims a balanced accuracy of 0.71" in text and "reaches 0.45 on clean images" in text
    text = leak_sentence(honest, None)
    assert "thesis printed a balanced accuracy of 0.98" in text
    assert "(resnet50, no pretrained weights, stage 3, smote) reaches 0.30 under corrected" in text
    assert leak_sentence(honest[honest["backbone"] == "efficientnet_lite0"], None) is None
    assert leak_sentence(long[long["leaky"]], None) is None


def test_chapters_and_sections_are_reached_from_the_contents(tmp_path):
    text = page(tmp_path, leaky=True)
    links = re.findall('<li><a href="#([^"]+)">', text)
    assert links[:5] == [f"chapter_{name}" for name in ("verdict", "models", "data", "trust", "methods")]
    sections = ["table", "models", "search", "ladder", "images", "costs", "software", "settings", "licence"]
    assert set(sections) <= set(links)
    assert all(text.count(f' id="{link}"') == 1 for link in links)


def test_comparisons_are_shown_with_their_notes_and_with_what_the_thesis_can_say(tmp_path):
    rows = pd.DataFrame({"Contrast": ["a instead of b"]})
    comparisons = Table("comparisons", "Comparisons of models", rows, rows, ["Contrast"], ["Adj. p: Holm's method."])
    text = page(tmp_path, comparisons=comparisons, printed=["McNemar's p is between 0.1 and 0.2."])
    (shown,) = re.findall('<section id="comparisons".*?</section>', text, re.DOTALL)
    assert "a instead of b" in shown and "Adj. p: Holm&#39;s method." in shown
    (beside,) = re.findall('<section id="comparison".*?</section>', text, re.DOTALL)
    assert "McNemar&#39;s p is between 0.1 and 0.2." in beside


def test_verdicts_stand_beside_the_picture_and_before_any_table(tmp_path):
    results_figure(tmp_path / "results.svg", table(), "mine", 8)
    figures = [read_figure(tmp_path / "results.svg")]
    text = page(tmp_path, figures=figures, categories={"results": "Results"}, verdicts=["A < B.", "C."])
    places = [text.index(part) for part in ('alt="All models', "<li>A &lt; B.</li>", "LEAK</span>", "<table")]
    assert places == sorted(places)


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
