"""The thesis' figures of the data and of the model, from made-up images and a small network."""

from collections import OrderedDict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from conftest import CLASSES
from made_up import card, counts
from torch import nn

from lesionflow.report.captions_and_labels import read_figure
from lesionflow.report.figures import data as data_figures
from lesionflow.report.figures import leakage as leakage_figures
from lesionflow.report.figures import model as model_figures
from lesionflow.report.figures import smote as smote_figures
from lesionflow.report.figures.predictions import gallery
from lesionflow.report.figures.style import STAMP
from lesionflow.report.figures.training import confusion_matrices
from lesionflow.report.sections import splits
from lesionflow.training.backbones import Classifier

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), np.uint8)
SPLIT = ["corrected", "seed 1"]
RECIPES = pd.DataFrame({"label": ["DF", "SCC"], "image": ["a", "c"], "neighbour": ["b", "d"], "weight": [0.25, 0.5]})


def manifest() -> pd.DataFrame:
    """14 sizes: 30 images of 1024 × 1024, 20 of 600 × 450, then 12 to 1 of each of the others."""
    sizes = [(1024, 1024, 30), (600, 450, 20), *((500 + n, 400, n) for n in range(12, 0, -1))]
    return pd.DataFrame([size[:2] for size in sizes for _ in range(size[2])], columns=["width", "height"])


def classifier() -> Classifier:
    """A head on two groups of layers with 108 and 4·8·9 + 8 + 16 = 312 parameters."""
    block = nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8))
    features = nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 4, 3, bias=False), block=block))
    parts = OrderedDict(features=features, avgpool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten())
    return Classifier(nn.Sequential(parts), 8, 8, {"weights": "none", "mean": [0.5] * 3, "std": [0.5] * 3})


def drawn(folder: Path, leaky: bool = False) -> dict[str, Path]:
    """Every figure, by its number."""
    folder.mkdir()
    numbers = ["1.1", *(f"3.{number}" for number in range(1, 12))]
    paths = {number: folder / f"{number}.svg" for number in numbers}
    of = {"split": SPLIT, "leaky": leaky}
    data_figures.sample_images(paths["1.1"], PIXELS[:8], CLASSES, {"MEL": "melanoma"})
    data_figures.resolutions(paths["3.1"], manifest())
    data_figures.collection_classes(paths["3.2"], pd.Series(np.repeat(CLASSES, 3)), CLASSES)
    data_figures.preparation(paths["3.3"], files=83, size=64, counts=counts(), copied=16, **of)
    data_figures.undersampling(paths["3.4"], counts(), "undersampled", **of)
    data_figures.augmentation_examples(paths["3.5"], PIXELS[:9], "ISIC_0000001", **of)
    smote_figures.smote_examples(paths["3.6"], RECIPES, PIXELS[:6].reshape(2, 3, 16, 16, 3), **of)
    smote_figures.smote_plane(paths["3.7"], RECIPES.iloc[0], PIXELS[:8], PIXELS[:3], **of)
    smote_figures.smote_classes(paths["3.8"], counts(), "smote", **of)
    smote_figures.synthetic_images(paths["3.9"], RECIPES, PIXELS[:2], **of)
    model_figures.model(paths["3.10"], classifier(), "small", 64)
    table = model_figures.stage_counts(classifier(), ["features.block"], False)
    model_figures.stages(paths["3.11"], table, True, "small", "corrected", leaky)
    return paths


def words(path: Path) -> list[str]:
    """The texts of an SVG, in the order in which they were drawn."""
    root = ElementTree.parse(path).getroot()
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("leaky", [False, True])
def test_figures(tmp_path, leaky):
    again = drawn(tmp_path / "again", leaky)
    for number, path in drawn(tmp_path / "once", leaky).items():
        assert path.read_bytes() == again[number].read_bytes()
        figure = read_figure(path)
        assert figure["title"].startswith(f"Figure {number}: ") and figure["title"] in words(path)
        assert figure["description"] and f"figure {number}" in figure["keywords"]
        of_protocol = "protocol corrected" in figure["keywords"]
        assert of_protocol is (number not in ("1.1", "3.1", "3.2", "3.10"))
        assert (STAMP in words(path)) is ("LEAKY" in figure["keywords"]) is (leaky and of_protocol)


@pytest.mark.parametrize("name", [r"$\frac{$", "$a$ <b> & 'c' -->", "a\x01\x0bb", "1"])
def test_names_stay_text_in_figures(tmp_path, name):
    """Of images, classes and whatever else is written into a figure; control characters cannot stand in XML."""
    shown = name.replace("\x01", "").replace("\x0b", "")
    of = {"split": SPLIT, "leaky": False}
    data_figures.augmentation_examples(tmp_path / "3.5.svg", PIXELS[:9], name, **of)
    recipes = RECIPES.assign(label=name, image=name)
    smote_figures.smote_plane(tmp_path / "3.7.svg", recipes.iloc[0], PIXELS[:8], PIXELS[:3], **of)
    smote_figures.synthetic_images(tmp_path / "3.9.svg", recipes, PIXELS[:2], **of)
    data_figures.collection_classes(tmp_path / "3.2.svg", pd.Series([name, "A"]), [name, "A"])
    confusion_matrices(tmp_path / "c.svg", [card("corrected", 1, name, "resnet50", 3)], [np.eye(8, dtype=int)], False)
    answers = pd.DataFrame({"image": [name], "label": [name], "predicted": [name], "probability": [0.5]})
    overlays = np.stack([PIXELS[:1]] * 2)
    cards = [card("corrected", 1, name, "resnet50", 3)]
    gallery(tmp_path / "gallery.svg", cards, [answers], [overlays], {name: name}, False)
    pairs = pd.DataFrame({"first": [name], "second": [name], "kind": "same file"})
    leakage_figures.duplicate_pairs(tmp_path / "pairs.svg", pairs, PIXELS[None, :2], 1)
    for path in tmp_path.glob("*.svg"):
        assert any(line in "\n".join(map(str, words(path))) for line in shown.splitlines()), path
        assert shown in read_figure(path)["description"] or path.stem in ("3.2", "c", "gallery", "pairs")


def test_the_report_shows_them(tmp_path):
    figures = [read_figure(path) for path in drawn(tmp_path / "figures").values()]
    table = counts().assign(protocol="corrected", seed=1)
    (split,) = splits(table, figures, {})
    assert [figure["keywords"][-1] for figure in split["figures"]] == [f"figure 3.{number}" for number in range(3, 10)]


def test_resolutions_by_hand(tmp_path):
    found = data_figures.resolution_counts(manifest())
    assert list(found.index[:3]) == ["1024 × 1024", "600 × 450", "512 × 400"] and found.index[-1] == "2 more"
    assert list(found) == [30, 20, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2 + 1]
    data_figures.resolutions(tmp_path / "figure.svg", manifest())
    shown = words(tmp_path / "figure.svg")
    assert "30 (23.4%)" in shown and "3 (2.3%)" in shown  # of 128
    assert list(data_figures.resolution_counts(manifest()[:50])) == [30, 20]


def test_preparation_by_hand(tmp_path):
    """Of 83 files 80 are used; each class has 5, 2, 2 and 1 images in the parts, and SMOTE adds 2 in all."""
    shown = words(drawn(tmp_path / "figures")["3.3"])
    texts = ["83 files", "80 images", "3 left out", "40 images", "5 per class", "16 images", "16 also in train"]
    for text in [*texts, "8 images", "1 per class", "40 real", "0 synthetic", "2 synthetic"]:
        assert text in shown, text
    data_figures.preparation(tmp_path / "clean.svg", 80, 64, counts(), 0, SPLIT, False)
    assert "0 left out" in words(tmp_path / "clean.svg") and words(tmp_path / "clean.svg").count("2 per class") == 2


def test_bars_by_hand(tmp_path):
    table = counts()
    table["undersampled real"] = 4
    table["smote real"], table["smote synthetic"] = 1234, [1000] + [0] * 7
    data_figures.undersampling(tmp_path / "a.svg", table, "undersampled", SPLIT, False)
    smote_figures.smote_classes(tmp_path / "b.svg", table, "smote", SPLIT, False)
    assert words(tmp_path / "a.svg").count("of 5") == 8
    assert words(tmp_path / "b.svg").count("1,234") == 7 and "1,234 + 1,000" in words(tmp_path / "b.svg")


def test_a_synthetic_image_lies_between_its_parents():
    members, weight = PIXELS[:8], 0.25
    mixed = (1 - weight) * members[2].astype(float) + weight * members[5]
    points, (synthetic,), shares = smote_figures.plane(members, mixed[None])
    assert np.allclose(synthetic, (1 - weight) * points[2] + weight * points[5], atol=1e-3)
    assert points.shape == (8, 2) and 0 < shares[1] < shares[0] < 1
    # The plane is that of the largest variance: no other two directions hold more.
    flat = members.reshape(8, -1) - members.reshape(8, -1).mean(axis=0)
    largest = np.linalg.svd(flat, compute_uv=False)[:2] ** 2 / flat[0].size
    assert np.allclose((points**2).sum(axis=0), largest, rtol=1e-3)


def test_the_clearest_example():
    names = pd.Series(list("abcdefgh"))
    recipes = pd.DataFrame({"image": list("aaa"), "neighbour": list("bbb"), "weight": [0.1, 0.6, 0.8]})
    assert smote_figures.clearest(recipes, names, PIXELS[:8]).index.to_list() == [1]
    far = np.stack([np.full((4, 4, 3), value) for value in (0, 10, 200)])
    recipes = pd.DataFrame({"image": list("ab"), "neighbour": list("ba"), "weight": [0.5, 0.4]})
    assert smote_figures.clearest(recipes.assign(neighbour=["b", "c"]), names[:3], far).index.to_list() == [1]


def test_no_synthetic_image(tmp_path):
    smote_figures.no_synthetic_image(tmp_path / "none.svg", "3.7", SPLIT, False)
    assert "No class needed a synthetic image." in words(tmp_path / "none.svg")


def test_stages_by_hand(tmp_path):
    counts = model_figures.stage_counts(classifier(), ["features.block"], False)
    assert counts["all"].to_dict() == {
        "features.stem": 108,
        "features.block": 312,
        "batch normalisation": 16,
        "linear": 72,
        "model": 508,
    }
    assert list(counts[1]) == [0, 0, 16, 72, 88]
    assert list(counts[2]) == [0, 312, 16, 72, 400]
    assert (counts[3] == counts["all"]).all()
    part = model_figures.stage_counts(classifier(), ["features.block.1"], True)
    assert list(part[2]) == [0, 16, 0, 72, 88]
    model_figures.stages(tmp_path / "figure.svg", counts, True, "small", "corrected", False)
    shown = words(tmp_path / "figure.svg")
    for text in ("88 parameters train", "400 parameters train", "508 parameters train", "stage 2, from stage 1"):
        assert text in shown, text
    assert shown.count("frozen") == 3 and shown.count("312") == 3


def test_model_by_hand(tmp_path):
    model_figures.model(tmp_path / "figure.svg", classifier(), "small", 64)
    shown = words(tmp_path / "figure.svg")
    layers = ["features.block", "312", "global average pooling", "8 features", "batch normalisation", "16",
              "dropout 0.2", "0", "linear", "72", "classes", "8"]  # fmt: skip
    places = [shown.index(layer) for layer in layers[::2]]
    assert places == sorted(places) and [shown[place + 1] for place in places] == layers[1::2]
