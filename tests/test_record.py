"""The record of a training: what it is resumed by, and what came of it."""

import dataclasses

import pandas as pd
import pytest

from lesionflow.files import value_digest
from lesionflow.training.backbones import new_classifier, unfreeze
from lesionflow.training.recipe import Settings
from lesionflow.training.record import identity, outcome
from lesionflow.training.resume import Progress

BACKBONE = {"library": "timm", "architecture": "resnet18", "weights": "none", "mean": [0.5] * 3, "std": [0.5] * 3}
PROTOCOL = {"resize": "antialiased", "leaky": False, "transfer": True}
SETTINGS = Settings(
    epochs=3, lr=0.01, optimizer="adam", batch_size=8, patience=10, keep="best", seed=1, stage=1, augmentation=None
)
FACTS = {"image_size": 64, "device": "cpu", "inputs": {"manifest.csv": "00"}, "code": "11"}


def digest(settings=SETTINGS, backbone=BACKBONE, protocol=PROTOCOL, stage="1", **facts) -> str:
    wildcards = {"collection": "demo", "stage": stage}
    return value_digest(identity(wildcards, ["A", "B"], backbone, protocol, settings, **FACTS | facts))


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": dataclasses.replace(SETTINGS, lr=0.02)},
        {"settings": dataclasses.replace(SETTINGS, loss="focal")},
        {"backbone": BACKBONE | {"mean": [0.4] * 3}},
        {"protocol": PROTOCOL | {"resize": "nearest"}},
        {"protocol": PROTOCOL | {"leaky": True}},
        {"stage": "2"},
        {"inputs": {"manifest.csv": "01"}},
        {"code": "12"},
        {"device": "gpu"},
        {"image_size": 32},
    ],
    ids=str,
)
def test_whatever_changes_a_result_changes_the_identity(changes):
    assert digest() == digest() != digest(**changes)


def test_a_record_has_what_the_later_steps_read():
    record = identity({"stage": "1"}, ["A", "B"], BACKBONE, PROTOCOL, SETTINGS, **FACTS)
    assert record["weights"] == "none" and record["classes"] == ["A", "B"] and not record["leaky"]
    assert record["settings"]["loss"] == "cross_entropy" and record["backbone_settings"] == BACKBONE


def test_the_outcome_counts_epochs_parameters_and_images():
    model = new_classifier(BACKBONE, 2, None, 1)
    unfreeze(model, 1, [])
    done = Progress(5, [], 3, {}, {}, {}, {}, 61.26)
    training = pd.DataFrame({"image": ["a", "b", "c"], "neighbour": [None, None, "a"]})
    found = outcome(done, model, training)
    assert (found["epochs"], found["best_epoch"], found["time_s"]) == (5, 3, 61.3)
    assert (found["training_images"], found["training_synthetic"]) == (3, 1)
    head = 512 * 2 + 512 * 2 + 2  # scale and shift of batch normalisation, then weights and biases of two classes
    assert found["params_trainable"] == head < found["params_total"]
    assert found["versions"]["torch"] and found["container"] is None
