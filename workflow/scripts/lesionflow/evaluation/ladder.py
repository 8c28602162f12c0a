"""What a rung of the ladder claims on its own test images, and what is true of it on clean images."""

from collections.abc import Mapping

import pandas as pd

from lesionflow.evaluation.metrics import balanced_accuracy_interval


def ladder_row(
    rung: str, card: Mapping, leakage: Mapping, known: pd.DataFrame, test: pd.DataFrame, clean: pd.DataFrame
) -> dict:
    """One row of ladder.csv, from model.json, leakage.json and predictions for test and clean images.

    `known` has image, label and group; predictions have image and one probability a class.
    """
    names = {key: card[key] for key in ("backbone", "weights", "dataset", "stage", "seed", "training_images")}
    shared = {"test_images_sharing": leakage["test"]["images_sharing"]}
    shared |= {"lesions_known": leakage["known"]["lesion"], "images_audited": leakage["images_audited"]}
    known = known.set_index("image")
    judged = _judge(test, known, "test") | shared | _judge(clean, known, "clean")
    return {"rung": rung, "leaky": leakage["leaky"]} | names | judged


def _judge(answers: pd.DataFrame, known: pd.DataFrame, prefix: str) -> dict:
    """Balanced accuracy, over the classes there are, with its 95 % interval over lesions."""
    truth = known.loc[answers["image"]]
    label, answer = truth["label"].to_numpy(), answers.drop(columns="image").idxmax(axis=1).to_numpy()
    low, high = balanced_accuracy_interval(label, answer, truth["group"])
    found = {
        "images": len(truth),
        "classes": truth["label"].nunique(),
        "balanced_accuracy": float(pd.Series(label == answer).groupby(label).mean().mean()),
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
    }
    return {f"{prefix}_{key}": value for key, value in found.items()}
