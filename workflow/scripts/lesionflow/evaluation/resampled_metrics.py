"""Metrics of many resampled test sets at once, from counts per group and from ranks.

Names follow metrics.json: balanced_accuracy, f1_macro, auroc_macro, and sensitivity_<class>. Macro averages are over
the classes present in the test set.
"""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from lesionflow.evaluation.resampling import Images, SeedImages, in_blocks
from lesionflow.files import InputError

MACRO = ("balanced_accuracy", "f1_macro", "auroc_macro")
SENSITIVITY = "sensitivity_"
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")  # the mean of both counts ties half


def check_metric(metric: str, classes: Sequence[str]) -> None:
    """Raise InputError if models cannot be compared by `metric`."""
    known = [*MACRO, *(SENSITIVITY + name for name in classes)]
    if metric not in known:
        raise InputError(f"Models cannot be compared by {metric!r}: choose one of {', '.join(known)}.")


def possible_metrics(metrics: Sequence[str], tested: Collection[str]) -> list[str]:
    """Those of `metrics` that a test set with the classes `tested` has."""
    possible = {*MACRO, *(SENSITIVITY + name for name in tested)}
    return [metric for metric in metrics if metric in possible and (metric != "auroc_macro" or len(tested) > 1)]


def smallest_error(metric: str, classes: Sequence[str], images: Images) -> float:
    """Standard error of a difference between two models that disagree on one group per class.

    Added to every interval; otherwise two models that agree on ten images would be equal beyond doubt. For single
    images it equals the half that Agresti and Min (2005, doi:10.1002/sim.1781) add to both counts of discordant
    pairs. Raises InputError if no image is of the class of a sensitivity.
    """
    groups = pd.Series(images.class_of_group()).value_counts()
    if metric in MACRO:
        return float(np.sqrt((1.0 / groups**2).sum()) / len(groups))
    name = metric.removeprefix(SENSITIVITY)
    if classes.index(name) not in groups.index:
        raise InputError(f"No test image is of class {name}: compare the models by another metric than {metric}.")
    return 1 / groups[classes.index(name)]


def metric_values(
    metrics: Sequence[str], classes: Sequence[str], images: SeedImages, probabilities: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Metrics of one model [metrics, draws], with every image counted as often as its group.

    `probabilities` [n, classes] of the images; `weights` [groups, draws], integers.
    """
    counts = _counts(images, probabilities)
    drawn = in_blocks(lambda block: counts @ block, weights)
    values = []
    for metric in metrics:
        if metric == "auroc_macro":
            aurocs = [weighted_auroc(images, k, probabilities[:, k], weights) for k in range(len(classes))]
            values.append(mean_of_numbers(aurocs))
        else:
            values.append(_from_counts(metric, classes, drawn))
    return np.stack(values)


def swapped_differences(
    metrics: Sequence[str],
    classes: Sequence[str],
    images: SeedImages,
    a: np.ndarray,
    b: np.ndarray,
    signs: np.ndarray,
) -> np.ndarray:
    """Metrics of `a` minus those of `b` [metrics, draws], after swapping their answers for the groups with sign -1.

    `a` and `b` are probabilities [n, classes]; `signs` [groups, draws] are 1 and -1.
    """
    first, second = _counts(images, a), _counts(images, b)
    mean = (first + second).sum(axis=2, keepdims=True) / 2  # a swap does not change it
    change = in_blocks(lambda block: (first - second) / 2 @ block, signs)
    differences = []
    for metric in metrics:
        if metric == "auroc_macro":
            contributions = auroc_contributions(images, a, b)
            differences.append(in_blocks(contributions.__matmul__, signs))
        else:
            swapped = [_from_counts(metric, classes, counts) for counts in (mean + change, mean - change)]
            differences.append(swapped[0] - swapped[1])
    return np.stack(differences)


def _counts(images: SeedImages, probabilities: np.ndarray) -> np.ndarray:
    """Correct, predicted and actual images per class and group [3, classes, groups]; float32 is exact below 2^24."""
    answer, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    size = classes * images.groups
    tables = [
        np.bincount(label * images.groups + images.group, weights, minlength=size).reshape(classes, images.groups)
        for label, weights in ((images.label, images.label == answer), (answer, None), (images.label, None))
    ]
    return np.stack(tables).astype(np.float32)


def _from_counts(metric: str, classes: Sequence[str], counts: np.ndarray) -> np.ndarray:
    """A metric [draws] from `counts` [3, classes, draws]; NaN if the class of a sensitivity is absent."""
    correct, predicted, actual = counts.astype(float)
    actual = np.where(actual > 0, actual, np.nan)
    if metric == "f1_macro":
        return mean_of_numbers(2 * correct / (predicted + actual))
    sensitivity = correct / actual
    if metric == "balanced_accuracy":
        return mean_of_numbers(sensitivity)
    return sensitivity[classes.index(metric.removeprefix(SENSITIVITY))]


def mean_of_numbers(values: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Mean over the first axis, without NaN."""
    table = np.asarray(values)
    return np.nansum(table, axis=0) / np.isfinite(table).sum(axis=0)


def weighted_auroc(images: SeedImages, number: int, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC of class `number` against the rest [draws]; ties count half. NaN if either side is absent.

    One sparse matrix product sums the rest between neighbouring scores of the class.
    """
    of_class = images.label == number
    levels, level = np.unique(score[of_class], return_inverse=True)
    shape = (len(levels) + 1, images.groups)
    places = np.concatenate([np.searchsorted(levels, score[~of_class], side) for side in SIDES])
    halves = np.full(len(places), 0.5, np.float32)
    negative = sparse.csr_array((halves, (places, np.tile(images.group[~of_class], 2))), shape)
    positive = sparse.csr_array((np.ones(len(level), np.float32), (level, images.group[of_class])), shape)

    def auroc(block: np.ndarray) -> np.ndarray:
        below = (negative @ block).cumsum(axis=0)  # the rest below each level; in the last row all of the rest
        of_level = positive @ block
        pairs = of_level.sum(axis=0, dtype=float) * below[-1]
        return np.einsum("ij,ij->j", of_level, below, dtype=float) / np.where(pairs > 0, pairs, np.nan)

    return in_blocks(auroc, weights)


def auroc_contributions(images: SeedImages, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contribution of each group to the macro AUROC of `a` minus that of `b` [groups].

    A swap of the group's answers changes the sign of its contribution, exactly: let s and t be the signs (1, or -1
    if swapped) of an image of the class and one of the rest. What this pair adds to the difference changes its sign
    with both s and t, so as a function of s and t it has neither a constant nor a product term.
    """
    contributions = []
    for number in range(a.shape[1]):
        of_class = images.label == number
        pairs = of_class.sum() * (~of_class).sum()
        if pairs:
            below_a, below_b = _opposite_below(a[:, number], b[:, number], of_class)
            change = np.where(of_class, 1, -1) * (below_a - below_b) / (2 * pairs)
            contributions.append(np.bincount(images.group, change, images.groups))
    return np.mean(contributions, axis=0)


def _opposite_below(a: np.ndarray, b: np.ndarray, of_class: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each score of `a` and of `b` [n], how many scores of both models for images of the opposite kind are lower.

    Images of the class are opposite to the rest; ties count half.
    """
    below = np.zeros((2, len(of_class)))
    for members in (of_class, ~of_class):
        opposite = np.sort(np.concatenate([a[~members], b[~members]]))
        for row, scores in zip(below, (a, b), strict=True):
            row[members] = np.mean([np.searchsorted(opposite, scores[members], side) for side in SIDES], axis=0)
    return below[0], below[1]
