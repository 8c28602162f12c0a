"""Metrics against their definitions, the interval against exact quantiles, brute force and its promised coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.metrics import specificity_score
from scipy import stats

from lesionflow.evaluation.metrics import balanced_accuracy_interval, score


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_definitions(seed):
    random = np.random.default_rng(seed)
    label = np.concatenate([np.arange(4), random.integers(0, 4, 60)])
    probabilities = random.dirichlet(np.ones(4), len(label))
    answer = probabilities.argmax(1)
    group = random.integers(0, 30, len(label)).astype(str)
    result = score(probabilities, label, list(group), list("ABCD"))
    matrix = np.array(result["confusion_matrix"])
    assert (matrix == [[((label == row) & (answer == column)).sum() for column in range(4)] for row in range(4)]).all()
    assert result["images"] == len(label) and result["groups"] == len(np.unique(group))
    expected = []
    for k in range(4):
        tp, fn = matrix[k, k], matrix[k].sum() - matrix[k, k]
        fp = matrix[:, k].sum() - tp
        tn = matrix.sum() - tp - fn - fp
        pairs = probabilities[label == k, k][:, None] - probabilities[label != k, k][None]
        expected.append(
            {
                "precision": tp / (tp + fp) if tp + fp else 0,
                "sensitivity": tp / (tp + fn),
                "specificity": tn / (tn + fp),
                "f1": 2 * tp / (2 * tp + fp + fn),
                "auroc": (pairs > 0).mean() + 0.5 * (pairs == 0).mean(),
                "images": tp + fn,
            }
        )
    for name, values in zip("ABCD", expected, strict=True):
        assert result["per_class"][name] == pytest.approx(values)
    images = [values.pop("images") for values in expected]
    for key in expected[0]:
        assert result[f"{key}_macro"] == pytest.approx(np.mean([values[key] for values in expected]))
    assert result["accuracy"] == result["f1_micro"] == pytest.approx((label == answer).mean())
    assert result["f1_weighted"] == pytest.approx(np.average([values["f1"] for values in expected], weights=images))
    assert result["specificity_macro"] == pytest.approx(specificity_score(label, answer, average="macro"))
    assert result["balanced_accuracy"] == pytest.approx(result["sensitivity_macro"])
    low, high = balanced_accuracy_interval(label, answer, list(group))
    assert (result["balanced_accuracy_low"], result["balanced_accuracy_high"]) == (low, high)
    assert low <= result["balanced_accuracy"] <= high


def test_a_class_that_is_not_there_does_not_count():
    """As on an archive that has only some of the diagnoses."""
    label, probabilities = np.array([0, 0, 1, 1]), np.array([[0.8, 0.1, 0.1], [0.2, 0.1, 0.7], [0, 1, 0], [0, 1, 0]])
    result = score(probabilities, label, list("abcd"), list("ABC"))
    assert result["balanced_accuracy"] == 0.75 and list(result["per_class"]) == ["A", "B"]
    assert np.isfinite(result["auroc_macro"]) and np.array(result["confusion_matrix"]).shape == (3, 3)
    assert result["specificity_macro"] == 1 and result["precision_macro"] == 1


def test_a_class_that_is_never_predicted_has_no_precision():
    result = score(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]), list("ab"), list("AB"))
    values = result["per_class"]["B"]
    assert (values["precision"], values["sensitivity"], values["f1"]) == (0, 0, 0)
    assert result["precision_macro"] == 0.25


def test_the_interval_of_independent_images_has_exact_quantiles():
    """A replicate of n images of each of two classes, half of them right, is a binomial of 2n; it has steps of 1 / 2n.

    In units of the standard deviation, quantiles of 2,000 replicates miss by 0.06 on average, those of a 90 % interval
    by 0.32, those of 200 replicates by 0.15.
    """
    misses = []
    for n in range(100, 200, 10):
        label, right = np.repeat([0, 1], n), np.tile([True, False], n)
        interval = balanced_accuracy_interval(label, np.where(right, label, 1 - label), range(2 * n))
        exact = stats.binom.ppf([0.025, 0.975], 2 * n, 0.5) / (2 * n)
        misses.append(np.abs(interval - exact) / np.sqrt(0.25 / (2 * n)))
    assert np.mean(misses) < 0.1


def test_interval_widens_with_correlated_images():
    """Ten images of each of ten lesions that are right or wrong together are worth ten images, not a hundred."""
    right = np.tile(np.repeat([1, 0], 10), 10)
    label = np.repeat([0, 1], 100)
    answer = np.where(right, label, 1 - label)
    lesions = [str(n // 10) for n in range(200)]
    assert balanced_accuracy_interval(label, answer, lesions) == (0.3, 0.7)  # of a binomial of 20, as above


def draw_answers(random: np.random.Generator, chances: list[float], lesions: int) -> tuple[np.ndarray, ...]:
    """Label, answer and lesion of images of lesions of 1 to 6 images, which are nearly all right or all wrong.

    `chances` are the sensitivities of the classes, each with a different number of lesions.
    """
    label, right, group = [], [], []
    for k, chance in enumerate(chances):
        for _ in range(lesions * (k + 1)):
            size = random.integers(1, 7)
            flip = random.random(size) < 0.1  # an image that is answered on its own
            right += list(np.where(flip, random.random(size) < chance, random.random() < chance))
            group += [len(group)] * size
            label += [k] * size
    label = np.array(label)
    return label, np.where(right, label, (label + 1) % len(chances)), np.array(group)


@pytest.mark.workflow
def test_the_interval_equals_a_bootstrap_by_hand():
    random = np.random.default_rng(5)
    label, answer, group = draw_answers(random, [0.8, 0.4, 0.6], 30)
    table = [[(label == k) & (group == each) for each in np.unique(group[label == k])] for k in range(3)]
    replicates = []
    for _ in range(4000):
        recalls = []
        for members in table:
            rows = [members[number] for number in random.integers(0, len(members), len(members))]
            recalls.append(sum((answer == label)[row].sum() for row in rows) / sum(row.sum() for row in rows))
        replicates.append(np.mean(recalls))
    expected = np.percentile(replicates, [2.5, 97.5])
    assert balanced_accuracy_interval(label, answer, group) == pytest.approx(expected, abs=0.06 * np.ptp(expected) / 2)


@pytest.mark.workflow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    """In 95 of 100 studies, with lesions of different sizes and classes of different numbers of lesions."""
    random, chances = np.random.default_rng(1), [0.85, 0.5, 0.65]
    studies = [draw_answers(random, chances, 40) for _ in range(300)]
    intervals = np.array([balanced_accuracy_interval(*study) for study in studies])
    covers = (intervals[:, 0] <= np.mean(chances)) & (np.mean(chances) <= intervals[:, 1])
    assert 0.93 <= covers.mean() <= 0.97
