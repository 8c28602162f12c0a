"""Metrics of many resampled test sets at once, from sums per group and from ranks.

Names are those of metrics.json: balanced_accuracy, f1_macro, auroc_macro, and sensitivity_<class>. Macro averages are
over the classes that a test set has.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from lesionflow.evaluation.resampling import Images, SeedImages, in_blocks
from lesionflow.files import InputError

MACRO = ("balanced_accuracy", "f1_macro", "auroc_macro")
SENSITIVITY = "sensitivity_"


def check_metric(metric: str, classes: Sequence[str]) -> None:
    """Raise InputError where `metric` is none that models can be compared by."""
    if metric not in MACRO and metric.removeprefix(SENSITIVITY) not in classes:
        known = ", ".join((*MACRO, *(SENSITIVITY + name for name in classes)))
        raise InputError(f"Models cannot be compared by {metric!r}: choose one of {known}.")


def least_error(metric: str, classes: Sequence[str], images: Images) -> float:
    """The standard error that one group more per class adds to a difference if one of two models is right there.

    Without it, two models that agree on ten images would be equal beyond doubt. For single images it amounts to the
    half that Agresti and Min (2005, doi:10.1002/sim.1781) add to both counts of discordant pairs.
    """
    groups = pd.Series(images.class_of_group()).value_counts()
    if metric in MACRO:
        return float(np.sqrt((1.0 / groups**2).sum()) / len(groups))
    return 1 / groups[classes.index(metric.removeprefix(SENSITIVITY))]


def metric_values(
    metrics: Sequence[str], classes: Sequence[str], images: SeedImages, probabilities: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Metrics of one model [metrics, draws], every image counted as often as its group.

    `probabilities` [n, classes] of the images; `weights` [groups, draws], integer.
    """
    counts = _counts(images, probabilities)
    right, predicted, actual = in_blocks(lambda some: counts @ some, weights)
    return np.stack(
        [
            mean_of_numbers([weighted_auroc(images, k, probabilities[:, k], weights) for k in range(len(classes))])
            if metric == "auroc_macro"
            else _of_counts(metric, classes, right, predicted, actual)
            for metric in metrics
        ]
    )


def swapped_differences(
    metrics: Sequence[str],
    classes: Sequence[str],
    images: SeedImages,
    a: np.ndarray,
    b: np.ndarray,
    signs: np.ndarray,
) -> np.ndarray:
    """Metrics of `a` minus metrics of `b` [metrics, draws] after the swaps `signs` [groups, draws] of their answers.

    `a` and `b` are probabilities [n, classes]. A swap leaves the sum of both models' counts as it is.
    """
    first, second = _counts(images, a), _counts(images, b)
    middle = (first + second).sum(axis=2, keepdims=True) / 2
    change = in_blocks(lambda some: (first - second) / 2 @ some, signs)
    differences = []
    for metric in metrics:
        if metric == "auroc_macro":
            shares = auroc_shares(images, a, b)
            differences.append(in_blocks(lambda some, shares=shares: shares @ some, signs))
        else:
            one, other = (_of_counts(metric, classes, *counts) for counts in (middle + change, middle - change))
            differences.append(one - other)
    return np.stack(differences)


def _counts(images: SeedImages, probabilities: np.ndarray) -> np.ndarray:
    """Images per group and class that are right, predicted and there, float32 (exact below 2^24) [3, classes, groups]."""
    answer, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    right = images.label == answer
    shape = classes * images.groups
    tables = [
        np.bincount(of * images.groups + images.group, weights, minlength=shape).reshape(classes, images.groups)
        for of, weights in ((images.label, right), (answer, None), (images.label, None))
    ]
    return np.stack(tables).astype(np.float32)


def _of_counts(
    metric: str, classes: Sequence[str], right: np.ndarray, predicted: np.ndarray, actual: np.ndarray
) -> np.ndarray:
    """A metric [draws] from counts [classes, draws]; not a number where the class of a sensitivity is missing."""
    right, predicted, actual = (counts.astype(float) for counts in (right, predicted, actual))
    there = np.where(actual > 0, actual, np.nan)
    if metric == "f1_macro":
        return mean_of_numbers(2 * right / (predicted + there))
    sensitivity = right / there
    return mean_of_numbers(sensitivity) if metric in MACRO else sensitivity[classes.index(metric.removeprefix(SENSITIVITY))]


def mean_of_numbers(values: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over the first axis of what is a number."""
    values = np.asarray(values)
    return np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)


def weighted_auroc(images: SeedImages, number: int, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC of class `number` against the rest [draws]; ties count half. Not a number where either is missing.

    Between two neighbouring scores of images of the class, the others are summed by one sparse matrix product.
    """
    of_class = images.label == number
    levels, level = np.unique(score[of_class], return_inverse=True)
    shape = (len(levels) + 1, images.groups)
    others, group = score[~of_class], images.group[~of_class]
    places = np.concatenate([np.searchsorted(levels, others, side) for side in ("left", "right")])
    halves = np.full(len(places), 0.5, np.float32)
    negative = sparse.csr_array((halves, (places, np.tile(group, 2))), shape)
    positive = sparse.csr_array((np.ones(len(level), np.float32), (level, images.group[of_class])), shape)

    def auroc(some: np.ndarray) -> np.ndarray:
        below = (negative @ some).cumsum(axis=0)  # others below each score of the class, and at last all others
        above = positive @ some
        pairs = above.sum(axis=0, dtype=float) * below[-1]
        return np.einsum("ij,ij->j", above, below, dtype=float) / np.where(pairs > 0, pairs, np.nan)

    return in_blocks(auroc, weights)


def auroc_shares(images: SeedImages, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What each group adds to the difference of macro AUROC between `a` and `b` [groups]; its swap turns the sign.

    The swapped difference is exactly a sum over groups. Of an image of the class and one of the others, let s and
    t be the signs of their swaps. Their part of the difference changes its sign if both s and t do, so it has no
    constant and no product s t: it is linear. Both models' scores are ranked together.
    """
    shares = []
    for number in range(a.shape[1]):
        of_class = images.label == number
        pairs = of_class.sum() * (~of_class).sum()
        if pairs:
            ranks = [np.zeros(len(of_class)) for _ in range(2)]
            for members in (of_class, ~of_class):
                rest = np.sort(np.concatenate([scores[~members, number] for scores in (a, b)]))
                for rank, scores in zip(ranks, (a, b), strict=True):
                    places = [np.searchsorted(rest, scores[members, number], side) for side in ("left", "right")]
                    rank[members] = np.mean(places, axis=0)  # of the other kind of image, how many lie below
            sign = np.where(of_class, 1, -1)
            shares.append(np.bincount(images.group, sign * (ranks[0] - ranks[1]) / 2 / pairs, images.groups))
    return np.mean(shares, axis=0)
