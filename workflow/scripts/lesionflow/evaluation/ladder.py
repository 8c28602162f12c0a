"""Evaluation of a ladder's rung: performance on its own test images and on clean images."""

from collections.abc import Mapping

import pandas as pd

from lesionflow.evaluation.metrics import balanced_accuracy_interval, mean_sensitivity


def ladder_row(
    rung: str, card: Mapping, leakage: Mapping, manifest: pd.DataFrame, test: pd.DataFrame, clean: pd.DataFrame
) -> dict:
    """Return one row of ladder.csv, from model.json, leakage.json and predictions for test and clean images.

    `manifest` has image, label and group; predictions have image and one probability per class.
    """
    names = {key: card[key] for key in ("backbone", "weights", "dataset", "stage", "seed", "training_images")}
    shared = {"test_images_sharing": leakage["test"]["images_sharing"]}
    shared |= {"lesions_known": leakage["known"]["lesion"], "images_audited": leakage["images_audited"]}
    manifest = manifest.set_index("image")
    scores = _scores(test, manifest, "test") | shared | _scores(clean, manifest, "clean")
    return {"rung": rung, "leaky": leakage["leaky"]} | names | scores


def _scores(predictions: pd.DataFrame, manifest: pd.DataFrame, prefix: str) -> dict:
    """Balanced accuracy over the classes present, with its 95 % bootstrap interval over groups."""
    images = manifest.loc[predictions["image"]]
    label, answer = images["label"].to_numpy(), predictions.drop(columns="image").idxmax(axis=1).to_numpy()
    low, high = balanced_accuracy_interval(label, answer, images["group"])
    found = {
        "images": len(images),
        "classes": images["label"].nunique(),
        "balanced_accuracy": mean_sensitivity(label, answer),
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
    }
    return {f"{prefix}_{key}": value for key, value in found.items()}
