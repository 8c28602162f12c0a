"""The unknown class: scores against formulae, thresholds that no unknown image changes, what a submission says."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import page
from official_submissions import CLASSES

from lesionflow.evaluation.official_score import answers
from lesionflow.evaluation.outputs import Outputs
from lesionflow.evaluation.submission import (
    flagged,
    official_record,
    submission,
    submission_without_unknown,
    unknown_scores,
)
from lesionflow.evaluation.unknown import (
    SCORES,
    confidences,
    find_threshold,
    threshold_at_loss,
    threshold_by_leaving_out,
)
from lesionflow.report.sections.official import threshold_sentence

KNOWN, UNKNOWN = CLASSES[:-1], CLASSES[-1]
SEEDS = st.integers(0, 1000)
METHODS = ["validation", "leave_one_out"]


def outputs(random: np.random.Generator, count: int, classes: int = 4, shift: float = 0) -> Outputs:
    """Features around one mean per class; far from all of them with a `shift`."""
    label = np.concatenate([np.arange(classes), random.integers(0, classes, count - classes)])
    features = random.normal(size=(count, 10)) + 3 * np.eye(classes, 10)[label] + shift
    logits = features[:, :classes] + random.normal(size=(count, classes))
    names = np.array([f"ISIC_{number:07d}" for number in range(count)])
    return Outputs(features.astype(np.float32), logits.astype(np.float32), label, names)


@given(SEEDS)
def test_scores_are_those_of_their_formulae(seed):
    random = np.random.default_rng(seed)
    training, test = outputs(random, 60), outputs(random, 15)
    found = {name: score(training)(test.features, test.logits) for name, score in SCORES.items()}
    exponentials = np.exp(test.logits.astype(float))
    highest = exponentials.max(axis=1) / exponentials.sum(axis=1)
    np.testing.assert_allclose(found["max_softmax"], 1 - highest)
    np.testing.assert_allclose(found["energy"], -np.log(exponentials.sum(axis=1)))
    unit = [each.features / np.linalg.norm(each.features, axis=1)[:, None] for each in (training, test)]
    distance = np.sort(np.linalg.norm(unit[1][:, None] - unit[0][None], axis=2), axis=1)
    np.testing.assert_allclose(found["nearest_neighbours"], distance[:, 9], rtol=1e-4)
    assert set(SCORES) == {*found}


def test_mahalanobis_is_scaled_by_the_covariance_within_classes():
    """With very many images the shrinkage is small: the distance is that of the true covariance."""
    random, spread = np.random.default_rng(0), np.array([3.0, 0.5])
    label = np.arange(40000) % 2
    features = random.normal(size=(40000, 2)) * spread + np.array([[0, 0], [10, 10]])[label]
    training = Outputs(features, np.zeros((40000, 2)), label, np.arange(40000).astype(str))
    asked = np.array([[3.0, 0], [0, 1], [10, 10], [13, 11]])
    found = SCORES["mahalanobis"](training)(asked, np.zeros((4, 2)))
    np.testing.assert_allclose(found, [1, 2, 0, np.hypot(1, 2)], atol=0.1)


@pytest.mark.parametrize("name", SCORES)
def test_images_far_away_have_higher_scores(name):
    random = np.random.default_rng(0)
    training, near, far = outputs(random, 200), outputs(random, 50), outputs(random, 50, shift=-8)
    score = SCORES[name](training)
    if name in ("mahalanobis", "nearest_neighbours"):
        assert score(far.features, far.logits).min() > np.median(score(near.features, near.logits))
    else:
        flat = np.zeros_like(near.logits)
        assert score(near.features, flat).min() > np.median(score(near.features, near.logits))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.floats(0, 0.99))
def test_no_more_known_images_are_lost_than_stated(values, loss):
    scores = np.array(values, float)
    threshold = threshold_at_loss(scores, loss)
    assert (scores > threshold).mean() <= loss
    lower = scores[scores < threshold]
    assert not len(lower) or (scores > lower.max()).mean() > loss - 1 / len(scores)


@given(SEEDS)
def test_the_threshold_separates_left_out_classes_best(seed):
    """Against every threshold one after the other, class by class."""
    random = np.random.default_rng(seed)
    training, valid = outputs(random, 40), outputs(random, 24)
    found = threshold_by_leaving_out(SCORES["energy"], training, valid)

    scores = [SCORES["energy"](training)(valid.features, np.delete(valid.logits, k, axis=1)) for k in range(4)]

    def balanced(threshold: float) -> float:
        each = [
            ((own > threshold).mean() + (others <= threshold).mean()) / 2
            for k in range(4)
            for own, others in [(scores[k][valid.label == k], scores[k][valid.label != k])]
        ]
        return np.mean(each)

    tried = np.concatenate(scores)
    assert balanced(found) == pytest.approx(max(map(balanced, tried)))
    assert all(balanced(each) < balanced(found) - 1e-12 for each in tried if each > found)


def test_a_left_out_class_is_in_no_training_image():
    seen = []

    def spy(training):
        seen.append((set(training.label), training.logits.shape[1]))
        return SCORES["energy"](training)

    random = np.random.default_rng(0)
    threshold_by_leaving_out(spy, outputs(random, 40), outputs(random, 20))
    assert seen == [({0, 1, 2, 3} - {number}, 3) for number in range(4)]


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_test_images_change_no_threshold(how, loss):
    """Not their order, not their number, not how unknown they are; each has its scores whatever the others are."""
    random = np.random.default_rng(1)
    training, valid, test = outputs(random, 60), outputs(random, 40), outputs(random, 30)
    table, about = unknown_scores(training, valid, test, how, loss)
    order = random.permutation(30)
    strange = outputs(random, 5, shift=-8)
    joined = {key: np.concatenate([getattr(test, key)[order], getattr(strange, key)]) for key in vars(test)}
    mixed = Outputs(**joined)
    again, same = unknown_scores(training, valid, mixed, how, loss)
    assert about == same
    pd.testing.assert_frame_equal(again[:30].reset_index(drop=True), table.loc[order].reset_index(drop=True))
    if how == "validation":
        assert all(each["valid_flagged"] <= loss for each in about.values())
    assert {name: find_threshold(name, how, loss, training, valid) for name in SCORES} == {
        name: each["threshold"] for name, each in about.items()
    }


@given(SEEDS, st.sampled_from([1e-9, 0.3, 50.0]))
def test_confidences_say_what_the_threshold_says(seed, spread):
    random = np.random.default_rng(seed)
    logits, scores = random.normal(0, random.choice([0, 1, 30]), (40, 8)), random.normal(size=40).round(1)
    threshold = float(random.choice(scores))
    found = confidences(logits, scores, threshold, spread)
    assert ((found >= 0) & (found <= 1)).all() and np.allclose(found.sum(axis=1), 1)
    assert ((found[:, -1] > 0.5) == (scores > threshold)).all()
    assert ((found.argmax(axis=1) == 8) == (scores > threshold)).all()
    known = found[scores <= threshold]
    assert (known[:, :-1].argmax(axis=1) == known.argmax(axis=1)).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found[order, -1]) >= 0).all()


def made_up(seed: int = 0, unknown: int = 8) -> tuple[Outputs, pd.DataFrame, pd.DataFrame, dict]:
    """Test images of which the last are unknown, their truth, and the scores from an unknown-free training."""
    random = np.random.default_rng(seed)
    training, valid = (outputs(random, count, classes=8) for count in (120, 80))
    known, foreign = outputs(random, 40, classes=8), outputs(random, 8, classes=8, shift=-8)
    parts = (np.concatenate([getattr(known, key), getattr(foreign, key)[:unknown]]) for key in ("features", "logits"))
    names = np.array([f"ISIC_{number:07d}" for number in range(40 + unknown)])
    test = Outputs(*parts, np.full(40 + unknown, -1), names)
    label = [*np.array(KNOWN)[known.label], *[UNKNOWN] * unknown]
    scores, about = unknown_scores(training, valid, test, "validation", 0.05)
    return test, pd.DataFrame({"label": label, "weight": 1.0}, index=names), scores, about


def record(seed: int = 0, **changes) -> dict:
    """official_score.json of made-up outputs, by way of JSON."""
    test, truth, scores, about = made_up(seed)
    submitted = submission(test, KNOWN, UNKNOWN, scores["mahalanobis"].to_numpy(), about["mahalanobis"])
    without = submission_without_unknown(test, KNOWN, UNKNOWN)
    settings = {"class": UNKNOWN, "score": "mahalanobis", "threshold": "validation", "loss": 0.05}
    settings |= {"training_images": 120, "valid_images": 80, "scores": about}
    found = official_record(truth, submitted, without, scores, settings, KNOWN)
    model = {"collection": "mine", "protocol": "corrected", "backbone": "resnet50", "weights": "none", "stage": "3"}
    more = {"model": model | {"dataset": "smote", "seed": "1"}, "official_test": "other"}
    more |= {"sharing": {"images": 48, "images_sharing": 3, "sharing": {"file": 3}}}
    return json.loads(json.dumps(more | found | changes, allow_nan=False))


def test_a_submission_has_the_challenge_s_columns():
    test, _, scores, about = made_up()
    table = submission(test, KNOWN, UNKNOWN, scores["energy"].to_numpy(), about["energy"])
    assert list(table) == ["image", *CLASSES] == list(submission_without_unknown(test, KNOWN, UNKNOWN))
    called = answers(table.set_index("image")) == UNKNOWN
    assert (called == (scores["energy"] > about["energy"]["threshold"])).all()


def test_the_record_counts_what_was_called_unknown():
    _, _, scores, about = made_up()
    found = record()
    assert found["images"] == 48 and found["images_unknown"] == 8
    assert found["without_unknown_class"]["per_class"]["UNK"]["sensitivity"] == 0
    assert list(found["known_images_only"]["per_class"]) == KNOWN
    used = found["unknown"]["scores"]["mahalanobis"]
    above = (scores["mahalanobis"] > about["mahalanobis"]["threshold"]).to_numpy()
    assert used["unknown_flagged"] == above[40:].mean() == found["score"]["per_class"]["UNK"]["sensitivity"]
    assert used["known_flagged"] == above[:40].mean()
    assert used["auroc"] > 0.9
    assert found["score"]["balanced_accuracy_low"] <= found["score"]["balanced_accuracy"]
    assert found["published"]["scores"][0]["balanced_accuracy"] == 0.636


def test_without_unknown_images_nothing_is_said_of_them():
    _, truth, scores, about = made_up(unknown=0)
    found = flagged(truth, scores.set_index("image")["energy"], about["energy"]["threshold"], UNKNOWN)
    assert found["unknown_flagged"] is None and found["auroc"] is None and 0 <= found["known_flagged"] <= 1


def test_the_report_says_what_the_score_is_worth(tmp_path):
    text = page(tmp_path, official=record())
    assert "<h3>Official test of ISIC 2019</h3>" in text and "DAISYLab" in text
    assert "48 other images" in text and "cannot be compared" in text
    assert "at most 5.0 % of 80 validation images" in text
    assert "3 of 48 images share" in text
    text = page(tmp_path, official=record(images=8238, images_unknown=2047, images_not_counted=["ISIC_0035068"]))
    assert "same number of images" in text and "weight is 0: ISIC_0035068" in text
    assert "Official test of ISIC" not in page(tmp_path)


def test_leaving_out_is_explained():
    about = record()["unknown"] | {"threshold": "leave_one_out"}
    assert "trained on all classes" in threshold_sentence(about)
