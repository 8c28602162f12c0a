"""A submission to the ISIC 2019 challenge, and the record of its score beside published ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from lesionflow.evaluation.metrics import balanced_accuracy_interval
from lesionflow.evaluation.official_score import answers, official_score
from lesionflow.evaluation.unknown import SCORES, Outputs, confidences, find_threshold
from lesionflow.source import RESOURCES

PUBLISHED = RESOURCES / "isic2019_leaderboard.yaml"


def unknown_scores(
    training: Outputs, valid: Outputs, test: Outputs, how: str, loss: float
) -> tuple[pd.DataFrame, dict[str, dict]]:
    """Return every score of the test images, and for each its threshold, unit and fraction of flagged valid images.

    Thresholds are by `how`, from training and validation images alone. The table has image and one column per score.
    """
    table, found = pd.DataFrame({"image": test.image}), {}
    for name, score in SCORES.items():
        fitted, threshold = score(training), find_threshold(name, how, loss, training, valid)
        known = fitted(valid.features, valid.logits)
        spread = float(known.std()) or 1.0
        found[name] = {"threshold": threshold, "spread": spread, "valid_flagged": float((known > threshold).mean())}
        table[name] = fitted(test.features, test.logits)
    return table, found


def submission(test: Outputs, classes: Sequence[str], unknown: str, scores: np.ndarray, about: Mapping) -> pd.DataFrame:
    """Return the submission: image, and the confidence in each of `classes` and in `unknown`; see `confidences`."""
    values = confidences(test.logits, scores, about["threshold"], about["spread"])
    table = pd.DataFrame(values, columns=[*classes, unknown])
    table.insert(0, "image", test.image)
    return table


def submission_without_unknown(test: Outputs, classes: Sequence[str], unknown: str) -> pd.DataFrame:
    """Return the submission of a model that calls no image unknown: the class has the confidence 0 everywhere."""
    table = pd.DataFrame(softmax(test.logits.astype(float), axis=1), columns=list(classes))
    table.insert(0, "image", test.image)
    return table.assign(**{unknown: 0.0})


def flagged(truth: pd.DataFrame, scores: pd.Series, threshold: float, unknown: str) -> dict[str, float | None]:
    """Return the fractions of known and of unknown images above the threshold, and the AUROC of the two.

    `truth` is from `read_truth`, `scores` are by image. None where there are no such images.
    """
    foreign, weight = (truth["label"] == unknown).to_numpy(), truth["weight"].to_numpy()
    values = scores.loc[truth.index].to_numpy()
    above = values > threshold
    found: dict[str, float | None] = {}
    for name, here in (("known_flagged", ~foreign), ("unknown_flagged", foreign)):
        found[name] = float(np.average(above[here], weights=weight[here])) if weight[here].any() else None
    both = weight[foreign].any() and weight[~foreign].any()
    return found | {"auroc": float(roc_auc_score(foreign, values, sample_weight=weight)) if both else None}


def scored(truth: pd.DataFrame, table: pd.DataFrame, classes: Sequence[str]) -> dict:
    """Return `official_score` with the 95 % bootstrap interval over images; NaN becomes None, as JSON has none."""
    values = table.set_index("image")[list(classes)]
    score = official_score(truth, values)
    counted = truth[truth["weight"] > 0]
    low, high = balanced_accuracy_interval(
        counted["label"].to_numpy(object), answers(values.loc[counted.index]), counted.index.to_list()
    )
    numbers = {
        name: {metric: None if np.isnan(value) else value for metric, value in each.items()}
        for name, each in score["per_class"].items()
    }
    interval = {"balanced_accuracy_low": low, "balanced_accuracy_high": high}
    return {"balanced_accuracy": score["balanced_accuracy"], **interval, **score, "per_class": numbers}


def official_record(
    truth: pd.DataFrame,
    submitted: pd.DataFrame,
    without: pd.DataFrame,
    scores: pd.DataFrame,
    about: Mapping,
    classes: Sequence[str],
) -> dict:
    """Return the scores of official_score.json.

    `truth` is from `read_truth`, `submitted` and `without` are submissions with an unknown class and without one,
    `scores` and `about` are unknown.csv and unknown.json. `classes` are the known ones.
    """
    unknown, by_image = about["class"], scores.set_index("image")
    known = truth[truth["label"] != unknown]
    return {
        "images": len(truth),
        "images_unknown": int((truth["label"] == unknown).sum()),
        "images_not_counted": truth.index[truth["weight"] == 0].tolist(),
        "score": scored(truth, submitted, [*classes, unknown]),
        "without_unknown_class": scored(truth, without, [*classes, unknown]),
        "known_images_only": scored(known, without[without["image"].isin(known.index)], classes),
        "unknown": dict(about)
        | {
            "scores": {
                name: each | flagged(truth, by_image[name], each["threshold"], unknown)
                for name, each in about["scores"].items()
            }
        },
        "published": published(),
    }


def published() -> dict:
    """Return the published scores: isic2019_leaderboard.yaml."""
    return yaml.safe_load(Path(PUBLISHED).read_text(encoding="utf-8"))
