"""Grad-CAM on networks whose answer is known, and the pictures that are shown."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import CLASSES
from torch import nn

from lesionflow.evaluation.examples import most_confident_errors, one_per_class, read_answers
from lesionflow.evaluation.gradcam import grad_cam, last_map
from lesionflow.report import captions_and_labels
from lesionflow.report.figures import predictions
from lesionflow.training.backbones import Classifier, make_backbone

SETTINGS = {"weights": "none", "mean": [0.5] * 3, "std": [0.25] * 3}
ANSWERS = pd.DataFrame(
    {
        "image": list("abcdef"),
        "label": ["MEL", "MEL", "NV", "NV", "BCC", "BCC"],
        "predicted": ["NV", "NV", "NV", "BCC", "MEL", "BCC"],
        "probability": [0.5, 0.9, 0.99, 0.8, 0.7, 0.6],
    }
)


def red_or_blue() -> tuple[nn.Module, nn.Module]:
    """A classifier that knows class 0 by red and class 1 by blue, and what global pooling receives in it."""
    colours = nn.Conv2d(3, 2, 1, bias=False)
    colours.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, 1]])[:, :, None, None]
    pool = nn.AvgPool2d(8)
    return nn.Sequential(pool, colours, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(2)).eval(), colours


def test_grad_cam_finds_the_place():
    model, layer = red_or_blue()
    model[4].running_mean = torch.tensor([100.0, 100.0])  # more than any image has: the paper's ReLU would cut all off
    pixels = torch.zeros(2, 3, 64, 64)
    pixels[:, 0, 8:16, 40:48] = 255  # red above, to the right
    pixels[:, 2, 48:56, 16:24] = 255  # blue below, to the left
    found = grad_cam(model, layer, pixels, torch.tensor([0, 1]))
    assert found.shape == (2, 64, 64) and found.amin() == 0 and found.amax(dim=(1, 2)).tolist() == [1, 1]
    red, blue = ((found[k] > 0.9).nonzero().float().mean(dim=0).tolist() for k in (0, 1))
    assert red == pytest.approx([11.5, 43.5], abs=1) and blue == pytest.approx([51.5, 19.5], abs=1)
    # What speaks for the other class speaks against this one.
    assert found[0, 52, 20] == found[1, 12, 44] == 0
    assert not grad_cam(model, layer, torch.full((1, 3, 64, 64), 9.0), torch.tensor([0])).any()


@pytest.mark.parametrize(
    ("library", "architecture", "size", "name"),
    [
        ("torchvision", "efficientnet_b0", 128, "features"),
        ("torchvision", "resnet18", 128, "layer4"),
        ("torchvision", "resnet18", 64, "layer3"),
        ("torchvision", "densenet121", 128, "features"),
        ("timm", "tf_efficientnet_lite0", 128, "bn2"),
        ("timm", "vit_tiny_patch16_224", 224, "patch_embed.proj"),
    ],
)
def test_the_last_feature_map_of_enough_places(library, architecture, size, name):
    backbone, features = make_backbone(library, architecture)
    layer = last_map(backbone, size)
    assert layer is backbone.get_submodule(name)
    shapes = []
    hook = layer.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    pixels = 255 * torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    found = grad_cam(Classifier(backbone, features, 8, SETTINGS), layer, pixels, torch.tensor([3, 5]))
    hook.remove()
    assert min(shapes[0][2:]) >= 4  # of 64 pixels, layer4 of resnet18 has 2 × 2 places
    assert found.shape == (2, size, size) and found.amin() >= 0 and found.amax(dim=(1, 2)).tolist() == [1, 1]


def test_one_image_a_class_is_drawn_by_the_seed_alone():
    drawn = one_per_class(ANSWERS, CLASSES, 3)
    assert list(drawn["label"]) == ["MEL", "NV", "BCC"]
    other = ANSWERS.assign(predicted="SCC", probability=0.3).sample(frac=1, random_state=0)
    assert list(one_per_class(other, CLASSES, 3)["image"]) == list(drawn["image"])
    assert len({tuple(one_per_class(ANSWERS, CLASSES, seed)["image"]) for seed in range(9)}) > 1


def test_the_most_confident_error_of_each_pair():
    assert list(most_confident_errors(ANSWERS)["image"]) == ["b", "d", "e"]


def test_answers_name_the_class_and_its_probability():
    predictions = pd.DataFrame({"image": ["x", "y"], "MEL": [0.2, 0.7], "NV": [0.8, 0.3]})
    answers = read_answers(predictions, pd.Series({"y": "NV", "x": "NV", "z": "MEL"}))
    assert answers.to_dict("list") == {
        "image": ["x", "y"], "label": ["NV", "NV"], "predicted": ["NV", "MEL"], "probability": [0.8, 0.7],
    }  # fmt: skip


def test_overlay_leaves_the_weakest_place_as_it_is():
    pixels = np.full((1, 2, 2, 3), 100, np.uint8)
    shown = predictions.overlay(pixels, np.array([[[0, 0.5], [1, 0]]]))
    assert (shown[0, 0, 0] == 100).all() and (shown[0, 1, 0] != 100).any() and shown.dtype == np.uint8


@pytest.mark.parametrize("leaky", [False, True])
def test_figures(tmp_path, leaky):
    cards = [
        {"protocol": "p", "seed": 1, "backbone": "resnet50", "stage": "3", "weights": "none", "dataset": dataset}
        for dataset in ("undersampled", "smote")
    ]
    drawn = one_per_class(ANSWERS, CLASSES, 1)
    wrong = [most_confident_errors(ANSWERS), ANSWERS.iloc[:0]]
    overlays = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16, 3), np.uint8)
    names = {"MEL": "melanoma"}
    predictions.examples(tmp_path / "g.svg", cards, [drawn, drawn], [overlays, overlays], names, leaky, "4.1")
    predictions.errors(tmp_path / "m.svg", cards, wrong, [overlays, overlays[:, :0]], names, leaky)
    predictions.errors(tmp_path / "n.svg", cards, [ANSWERS.iloc[:0]] * 2, [overlays[:, :0]] * 2, names, leaky)
    found = [captions_and_labels.read_figure(tmp_path / f"{name}.svg") for name in "gmn"]
    assert found[0]["title"].startswith("Figure 4.1: ") and found[0]["kind"] == "gallery"
    assert found[0]["labels"] == {"protocol": "p", "seed": "1", "backbone": "resnet50", "stage": "3"}
    right = (drawn["label"] == drawn["predicted"]).sum()
    assert f"smote: {right} of 3 correct." in found[0]["description"]
    assert "undersampled: MEL predicted as NV, 0.90." in found[1]["description"]
    assert "Every test image is classified correctly." in found[2]["description"]
    text = (tmp_path / "g.svg").read_text()
    assert "melanoma" in text and "data:image/jpeg" in text and "image/png" not in text
    assert all(figure["leaky"] is leaky for figure in found)


@pytest.mark.parametrize("datasets", [1, 2, 3])
def test_long_names_do_not_overlap(monkeypatch, tmp_path, datasets):
    """Neither each other, nor a picture: of images, classes and datasets."""
    answers = pd.concat([ANSWERS] * 3, ignore_index=True).assign(image="ISIC_0011605_downsampled")
    cards = [
        {"protocol": "p", "seed": 1, "backbone": "b", "stage": "3", "weights": "none", "dataset": f"borderline_{name}"}
        for name in ("smote", "smote_of_every_class", "undersampled")[:datasets]
    ]
    overlays = np.zeros((2, len(answers), 16, 16, 3), np.uint8)
    names = {"MEL": "melanoma", "NV": "melanocytic naevus", "BCC": "basal cell carcinoma, or another of a long name"}
    figures = []
    monkeypatch.setattr(predictions, "save", lambda figure, *_: figures.append(figure))
    shown = [answers] * datasets, [overlays] * datasets
    predictions.examples(tmp_path / "g.svg", cards, *shown, names, False)
    predictions.errors(tmp_path / "m.svg", cards, *shown, names, False)
    for figure in figures:
        figure.suptitle("title")
        figure.draw_without_rendering()
        ax = figure.axes[0]
        texts = [text.get_window_extent() for text in ax.texts]
        pictures = [picture.get_window_extent() for picture in ax.images]
        assert len(texts) == len(pictures) >= 18
        assert not any(one.overlaps(other) for one, other in itertools.combinations(texts, 2))
        assert not any(text.overlaps(picture) for text in texts for picture in pictures)
        assert max(text.x1 for text in texts) <= figure.bbox.x1
    assert any(text.get_text().startswith("ISIC_0011605_downsampled\n") for text in figures[0].axes[0].texts)


def test_a_run_has_galleries(run):
    """Of all stages as files, of the last in the report, with the right names."""
    figures = run / "results/tiny/figures/corrected/seed1/resnet50"
    page = (run / "results/tiny/report.html").read_text()
    manifest = pd.read_csv(run / "results/tiny/manifest.csv").set_index("image")["label"]
    for stage in (1, 2, 3):
        for kind in ("gallery", "mistakes"):
            assert (figures / f"stage{stage}_{kind}.svg").stat().st_size < 250_000
        text = (figures / f"stage{stage}_gallery.svg").read_text()
        shown = [word.split("<")[0] for word in text.split(">ISIC")[1:]]
        assert sorted(manifest[f"ISIC{word}"] for word in shown) == sorted(CLASSES)
    assert 'alt="Figure 4.1: ' in page and 'alt="Most confident errors' in page
