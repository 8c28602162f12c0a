"""The score of a submission to the ISIC 2019 challenge, as isic-challenge-scoring 5.6.0 computes it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from lesionflow.data.labels_and_metadata import read_labels
from lesionflow.data.layout import NAMES
from lesionflow.data.user_tables import read_table
from lesionflow.files import InputError

LEFT_OUT = "ISIC_0035068"  # the challenge's own software does not count this image of the official test
THRESHOLD = 0.5  # above it, a confidence says yes to its class
SENSITIVITY = 0.8  # auc_sens_80 is the area above it
UNDECIDED = "undecided"  # the answer where two confidences are highest: always wrong


def read_truth(path: str | Path, classes: Sequence[str], images: Sequence[str] = ()) -> pd.DataFrame:
    """Read a ground truth of the challenge: label and weight, indexed by image; names are matched to `images`.

    The weight is that of the column score_weight, 1 if there is none. Raises InputError if an image has none of
    `classes`, or if a weight is not a number of at least 0.
    """
    label = read_labels(path, classes, files=images, other_classes=True)
    if label.isna().any():
        raise InputError(
            f"{path} has image {label.index[label.isna()][0]} in none of the classes {', '.join(classes)}: add its "
            "class to `classes`, or to `ignore_classes` of the collection if it is the unknown class."
        )
    table = read_table(path, {"image": NAMES["image"], "score_weight": ("score_weight",)}, ["image"])
    cells = table.get("score_weight", pd.Series("1", table.index))
    weight = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise InputError(f"{path} has a score_weight that is not a number of at least 0: correct it.")
    return pd.DataFrame({"label": label, "weight": np.where(label.index == LEFT_OUT, 0, weight)})


def official_score(truth: pd.DataFrame, confidences: pd.DataFrame) -> dict:
    """Return balanced_accuracy, macro_average and per_class of a submission, fractions from 0 to 1.

    `truth` is from `read_truth`; `confidences` has one column per class, from 0 to 1; both are indexed by image, in any
    order. The balanced accuracy takes the class of the highest confidence, all else each class against the rest.
    Ratios of nothing to nothing are 1. What needs images of a class that has none is NaN, and left out of means. Raises
    InputError if the images differ or a confidence is outside of 0 to 1.
    """
    check_submission(truth.index, confidences)
    confidences = confidences.loc[truth.index]
    label, weight = truth["label"].to_numpy(object), truth["weight"].to_numpy()
    right, found = answers(confidences) == label, {}
    sensitivities = []
    for name in confidences:
        here = label == name
        found[name] = class_score(here, confidences[name].to_numpy(), weight)
        total = weight[here].sum()
        sensitivities.append(weight[here & right].sum() / total if total else np.nan)
    macro = pd.DataFrame(found).mean(axis=1)
    return {
        "balanced_accuracy": float(np.nanmean(sensitivities)),
        "macro_average": macro.to_dict(),
        "per_class": found,
    }


def check_submission(images: pd.Index, confidences: pd.DataFrame) -> None:
    """Raise InputError unless `confidences` has one row for each of `images`, with values from 0 to 1."""
    again = "write the submission again from all images of the collection."
    odd = images.symmetric_difference(confidences.index).tolist()
    odd += confidences.index[confidences.index.duplicated()].tolist()
    if odd:
        raise InputError(f"Image {odd[0]} is not once in both the ground truth and the submission: {again}")
    if not ((confidences >= 0) & (confidences <= 1)).all(axis=None):
        raise InputError(f"The submission has a confidence that is not a number from 0 to 1: {again}")


def answers(confidences: pd.DataFrame) -> np.ndarray:
    """Return the class of the highest confidence in each row, UNDECIDED where there are several."""
    values = confidences.to_numpy()
    names = confidences.columns.to_numpy(object)[values.argmax(axis=1)]
    return np.where((values == values.max(axis=1, keepdims=True)).sum(axis=1) == 1, names, UNDECIDED)


def class_score(truth: np.ndarray, confidence: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return the metrics of one class against the rest; `truth` is boolean, all have the shape [n]."""
    said = confidence > THRESHOLD
    tp, tn, fp, fn = (weight[found].sum() for found in (truth & said, ~truth & ~said, ~truth & said, truth & ~said))
    scores = {
        "accuracy": _ratio(tp + tn, tp + tn + fp + fn),
        "sensitivity": _ratio(tp, tp + fn),
        "specificity": _ratio(tn, tn + fp),
        "dice": _ratio(2 * tp, 2 * tp + fp + fn),
        "ppv": _ratio(tp, tp + fp),
        "npv": _ratio(tn, tn + fn),
    }
    if not (weight[truth].any() and weight[~truth].any()):
        return scores | dict.fromkeys(["auc", "auc_sens_80", "ap"], np.nan)
    return scores | {
        "auc": float(sk.roc_auc_score(truth, confidence, sample_weight=weight)),
        "auc_sens_80": area_above_sensitivity(truth, confidence, weight),
        "ap": float(sk.average_precision_score(truth, confidence, sample_weight=weight)),
    }


def area_above_sensitivity(truth: np.ndarray, confidence: np.ndarray, weight: np.ndarray) -> float:
    """Return the area below the ROC curve from the first point of SENSITIVITY on, at most 1; not normalised."""
    counted = weight > 0
    fpr, tpr, _ = sk.roc_curve(
        truth[counted], confidence[counted], sample_weight=weight[counted], drop_intermediate=False
    )
    first = tpr.searchsorted(SENSITIVITY)
    start = np.interp(SENSITIVITY, tpr[first - 1 : first + 1], fpr[first - 1 : first + 1])
    return float(sk.auc([start, *fpr[first:]], [SENSITIVITY, *tpr[first:]]))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 1.0
