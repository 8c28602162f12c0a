"""Metrics against their definitions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.metrics import specificity_score

from lesionflow.metrics import balanced_accuracy_interval, score


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000))
def test_definitions(seed):
    random = np.random.default_rng(seed)
    label = np.concatenate([np.arange(4), random.integers(0, 4, 60)])
    probabilities = random.dirichlet(np.ones(4), len(label))
    answer = probabilities.argmax(1)
    result = score(probabilities, label, [str(n // 2) for n in range(len(label))], list("ABCD"))
    matrix = np.array(result["confusion_matrix"])
    assert matrix.sum() == len(label) == result["images"]
    for k, name in enumerate("ABCD"):
        tp, fn = matrix[k, k], matrix[k].sum() - matrix[k, k]
        fp = matrix[:, k].sum() - tp
        tn = matrix.sum() - tp - fn - fp
        assert np.isclose(result["per_class"][name]["sensitivity"], tp / (tp + fn))
        assert np.isclose(result["per_class"][name]["specificity"], tn / (tn + fp))
        assert np.isclose(result["per_class"][name]["precision"], tp / (tp + fp) if tp + fp else 0)
        pairs = probabilities[label == k, k][:, None] - probabilities[label != k, k][None]
        assert np.isclose(result["per_class"][name]["auroc"], (pairs > 0).mean() + 0.5 * (pairs == 0).mean())
    assert np.isclose(result["accuracy"], (label == answer).mean())
    assert np.isclose(result["specificity_macro"], specificity_score(label, answer, average="macro"))
    assert np.isclose(result["f1_micro"], result["accuracy"])
    assert np.isclose(result["balanced_accuracy"], result["sensitivity_macro"])
    assert result["balanced_accuracy_low"] <= result["balanced_accuracy"] <= result["balanced_accuracy_high"]


def test_a_class_that_is_not_there_does_not_count():
    """As on an archive that has only some of the diagnoses."""
    label, probabilities = np.array([0, 0, 1, 1]), np.array([[0.8, 0.1, 0.1], [0.2, 0.1, 0.7], [0, 1, 0], [0, 1, 0]])
    result = score(probabilities, label, list("abcd"), list("ABC"))
    assert result["balanced_accuracy"] == 0.75 and list(result["per_class"]) == ["A", "B"]
    assert np.isfinite(result["auroc_macro"]) and np.array(result["confusion_matrix"]).shape == (3, 3)


def test_interval_widens_with_correlated_images():
    """Ten images of each of ten lesions that are right or wrong together are worth ten images, not a hundred."""
    right = np.tile(np.repeat([1, 0], 10), 10)
    label = np.repeat([0, 1], 100)
    answer = np.where(right, label, 1 - label)
    lesions = [str(n // 10) for n in range(200)]
    single = [str(n) for n in range(200)]
    low, high = balanced_accuracy_interval(label, answer, lesions)
    low1, high1 = balanced_accuracy_interval(label, answer, single)
    assert high - low > 2 * (high1 - low1)
    assert 0.05 < high1 - 0.5 < 0.1  # ± 1.96 · sqrt(.25 / 200) = ± .069
