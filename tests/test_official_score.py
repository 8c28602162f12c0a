"""The score of the ISIC 2019 challenge equals that of the challenge's own software."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import REPOSITORY
from official_submissions import CLASSES, COUNT, submissions

from lesionflow.evaluation.official_score import LEFT_OUT, answers, official_score, read_truth
from lesionflow.files import InputError

EXPECTED = REPOSITORY / "tests/official_scores.csv"
SOFTWARE = Path(os.environ.get("SCORING_PYTHON", REPOSITORY / ".venv/scoring/bin/python"))


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict]:
    """Our scores of all submissions, read from the challenge's files."""
    path, scores = tmp_path_factory.mktemp("truth") / "truth.csv", []
    for truth, prediction in submissions():
        truth.to_csv(path, index=False)
        scores.append(official_score(read_truth(path, CLASSES), prediction.set_index("image")))
    return scores


@pytest.mark.workflow  # seconds
def test_the_score_is_that_of_the_challenge(found):
    expected = pd.read_csv(EXPECTED)
    ours = pd.DataFrame([{"balanced_accuracy": each["balanced_accuracy"], **each["macro_average"]} for each in found])
    assert len(expected) == COUNT and list(ours) == list(expected)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


@pytest.mark.workflow
@pytest.mark.skipif(not SOFTWARE.exists(), reason="isic-challenge-scoring is not there: make .venv/scoring/installed")
def test_every_number_is_that_of_the_software(found):
    command = [SOFTWARE, "-W", "ignore", REPOSITORY / "tests/official_submissions.py", "all"]
    theirs = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    for ours, expected in zip(found, theirs, strict=True):
        assert ours["balanced_accuracy"] == pytest.approx(expected["overall"], abs=1e-12)
        per_class = pd.DataFrame(expected["per_category"]).loc[CLASSES]
        np.testing.assert_allclose(pd.DataFrame(ours["per_class"]).T[list(per_class)], per_class, rtol=0, atol=1e-12)


def one_of_each() -> tuple[pd.DataFrame, pd.DataFrame]:
    images = [f"ISIC_{number:07d}" for number in range(9)]
    confidences = pd.DataFrame(np.eye(9), index=images, columns=CLASSES)
    return pd.DataFrame({"label": CLASSES, "weight": 1.0}, index=images), confidences


def test_perfect_and_empty_submissions():
    truth, confidences = one_of_each()
    assert official_score(truth, confidences)["balanced_accuracy"] == 1
    score = official_score(truth, confidences * 0)
    assert score["balanced_accuracy"] == 0  # all tied, hence undecided
    assert score["per_class"]["MEL"] == {
        "accuracy": pytest.approx(8 / 9), "sensitivity": 0, "specificity": 1, "dice": 0, "ppv": 1,
        "npv": pytest.approx(8 / 9), "auc": 0.5, "auc_sens_80": pytest.approx(0.18), "ap": pytest.approx(1 / 9),
    }  # fmt: skip


def test_a_tie_is_no_answer():
    table = pd.DataFrame({"A": [0.5, 0.2], "B": [0.5, 0.1], "C": [0.1, 0.1]})
    assert list(answers(table)) == ["undecided", "A"]


def test_a_class_without_images_is_left_out_of_the_means():
    truth, confidences = one_of_each()
    truth.loc[truth["label"] == "DF", "label"] = "NV"
    score = official_score(truth, confidences)
    assert score["balanced_accuracy"] == (7 + 0.5) / 8 and np.isnan(score["per_class"]["DF"]["auc"])
    assert np.isfinite(list(score["macro_average"].values())).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.iloc[1:], "ISIC_0000000 is not once in both"),
        (lambda table: pd.concat([table, table.tail(1)]), "ISIC_0000008 is not once in both"),
        (lambda table: table * 1.1, "not a number from 0 to 1"),
        (lambda table: table.replace(1.0, np.nan), "not a number from 0 to 1"),
    ],
)
def test_what_cannot_be_scored(change, message):
    truth, confidences = one_of_each()
    with pytest.raises(InputError, match=message):
        official_score(truth, change(confidences))


def written(path: Path, **columns) -> Path:
    table = pd.DataFrame(np.eye(9, dtype=int), columns=CLASSES).assign(**columns)
    table.insert(0, "image", [*(f"ISIC_{number:07d}" for number in range(8)), LEFT_OUT])
    table.to_csv(path, index=False)
    return path


def test_weights_are_read(tmp_path):
    truth = read_truth(written(tmp_path / "a.csv"), CLASSES)
    assert list(truth["label"]) == CLASSES and list(truth["weight"]) == [1.0] * 8 + [0.0]
    truth = read_truth(written(tmp_path / "b.csv", score_weight=[0, 0.5, *[1] * 7], validation_weight=1.0), CLASSES)
    assert list(truth["weight"][:3]) == [0, 0.5, 1]
    with pytest.raises(InputError, match="score_weight"):
        read_truth(written(tmp_path / "c.csv", score_weight=-1), CLASSES)


def test_a_class_that_is_not_known(tmp_path):
    with pytest.raises(InputError, match="in none of the classes"):
        read_truth(written(tmp_path / "a.csv"), CLASSES[:-1])
