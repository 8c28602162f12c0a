"""The model card: numbers that are in the files, and what must not be left unsaid."""

import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES, REPOSITORY
from made_up import HOSTILE, markdown_rows

from lesionflow.balancing.class_counts import class_counts
from lesionflow.evaluation.model_card import markdown, model_card
from lesionflow.files import read_json
from lesionflow.report.captions_and_labels import read_card

TEMPLATE = REPOSITORY / "workflow/report/card.md.j2"
LICENCE = "CC BY-NC 4.0, of <someone>"


def card(classes=("A", "B"), licence=LICENCE, **changes) -> dict:
    """card.json of a made-up model of two classes."""
    per_class = {
        name: {"images": 3, "precision": 0.5, "sensitivity": value, "specificity": 0.8, "f1": 0.5, "auroc": 0.7}
        for name, value in zip(classes, (0.75, 0.25), strict=True)
    }
    names = ("accuracy", "precision_macro", "sensitivity_macro", "specificity_macro", "f1_macro", "auroc_macro")
    part = dict.fromkeys(names, 0.6) | {
        "balanced_accuracy": 0.512,
        "balanced_accuracy_low": 0.401,
        "balanced_accuracy_high": 0.698,
        "per_class": per_class,
    }
    made = {
        "collection": "mine",
        "protocol": "corrected",
        "seed": "1",
        "dataset": "smote",
        "backbone": "resnet50",
        "stage": "3",
        "weights": "none",
        "classes": list(classes),
        "image_size": 64,
        "resize": "antialiased",
        "leaky": False,
        "drawn": False,
        "settings": {"epochs": 5, "lr": 0.001},
        "backbone_settings": {"library": "torchvision", "architecture": "resnet50"},
        "device": "cpu, 2 threads",
        "inputs": {"split.csv": "cafe"},
        "code": "beef",
        "versions": {"python": "3.11.9"},
        "container": {"file": "other.sif"},
        "best_epoch": 2,
    }
    images = [f"i{number}" for number in range(8)]
    manifest = pd.DataFrame({"image": images, "label": [classes[name == "B"] for name in "AAAABBBA"]})
    split = pd.DataFrame({"image": images, "part": ["train"] * 3 + ["test", "valid"] + ["train"] * 2 + ["test"]})
    training = pd.DataFrame({"label": np.repeat(classes, 3), "neighbour": [None] * 5 + ["i5"]})
    shared = {"images": 1, "images_sharing": 0, "sharing": {"lesion": None, "near_duplicate": 0}}
    audited = {"known": {"lesion": 5, "patient": 0}, "images_audited": 8}
    costs = {"epochs": 4, "time_s": 61.5, "params_trainable": 10, "params_total": 1234567}
    return model_card(
        made | changes,
        {"valid": part, "test": part, **audited, **costs},
        {"valid": shared, "test": shared, **audited},
        class_counts(manifest, split, {"smote": training}, list(classes)),
        changes.get("split", {"method": "by_group"}),
        licence,
        {"model.safetensors": "f00d"},
    )


def test_the_card_counts_images_by_class_and_part():
    assert card()["images"] == {
        "A": {"train_real": 3, "train_synthetic": 0, "valid": 0, "test": 2},
        "B": {"train_real": 2, "train_synthetic": 1, "valid": 1, "test": 0},
    }


@pytest.mark.parametrize(
    "said",
    [
        "Research use only, not a diagnosis.",
        "95 % bootstrap interval, lesions resampled with replacement (where",
        "classifiers of images of skin lesions",
        "dark skin (Fitzpatrick types V and VI)",
        "fewest real training images are of B (2)",
        "lowest sensitivity on test images is that of B (0.250)",
        "without pretrained weights",
        "Licence: CC BY-NC 4.0, of &lt;someone&gt;",
        "| A melanoma | 3 | 0 | 0 | 2 |",
        "| balanced accuracy | 0.512 (0.401–0.698) | 0.512 (0.401–0.698) |",
        "| A | 3 | 0.500 | 0.750 | 0.800 | 0.500 | 0.700 |",
        "| test | 1 | 0 | unknown | 0 |",
        "share something with training (lesion known for 5 of 8 images, patient for none)",
        "may share unrecorded lesions with training: lesion known for 5 of 8 images",
        "Parameters: 1,234,567",
        "62 s on cpu, 2 threads",
        "No out-of-distribution rejection: every image is assigned one of 2 classes",
        "probabilities do not reflect prevalence and are uncalibrated",
        "not clinically evaluated",
        "method: by_group",
        "lr: 0.001",
        "python 3.11.9",
        "Container image used for training: other.sif, which \\`make image\\` did not build.",
        "| model.safetensors | f00d |",
        "| split.csv | cafe |",
    ],
)
def test_the_card_says(said):
    assert said in markdown(TEMPLATE, card(), {"A": "melanoma"})


def test_a_leaking_protocol_is_in_the_first_line():
    assert "LEAKY" not in markdown(TEMPLATE, card(), {})
    text = markdown(TEMPLATE, card(leaky=True), {})
    assert text.splitlines()[0].startswith("# LEAKY: resnet50, stage 3, trained on smote of mine")
    assert "the test metrics do not hold for new images" in text


def test_the_headings_are_those_of_mitchell_et_al():
    found = [line[3:] for line in markdown(TEMPLATE, card(), {}).splitlines() if line.startswith("## ")]
    assert found == [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations", "Software and digests",
    ]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text_in_their_cells(name):
    """Whatever a class, its name, the licence, a file or the image is called, in the card and in the report."""
    inputs = {f"{name}.csv": "cafe"}
    made = card(classes=("A", name), licence=name, inputs=inputs, container={"file": name}, split={"archive": name})
    text = markdown(TEMPLATE, made, {name: name})
    rows = markdown_rows(text)
    shown = " ".join(name.split())
    assert [f"{shown} {shown}", "2", "1", "1", "0"] in rows and [f"{shown}.csv", "cafe"] in rows
    assert [shown, "3", "0.500", "0.250", "0.800", "0.500", "0.700"] in rows
    read = read_card(made, {name: name})
    assert read["labels"] == {"protocol": "corrected", "backbone": "resnet50", "stage": "3", "dataset": "smote"}
    assert "<script" not in read["html"] and "<a" not in read["html"] and "<img" not in read["html"]
    assert [row.count("<td") for row in read["html"].split("</tr>") if "0.800" in row] == [7, 7]


def test_every_model_of_a_run_has_its_card(run):
    models = sorted((run / "results/tiny").glob("corrected/seed1/*/*/stage*/model.json"))
    assert len(models) == 12
    for path in models:
        made, written = read_json(path), read_json(path.with_name("card.json"))
        assert sum(row["train_synthetic"] for row in written["images"].values()) == made["training_synthetic"]
        assert list(written["images"]) == CLASSES and written["leakage"]["test"]["images_sharing"] == 0
        assert written["metrics"]["test"] == read_json(path.with_name("metrics.json"))["test"]
        assert path.with_name("card.md").read_text().startswith(f"# {made['backbone']}, stage {made['stage']}")
