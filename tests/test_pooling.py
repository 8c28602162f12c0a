"""Pooling of folds, by hand on small tables."""

import pandas as pd
import pytest

from lesionflow.evaluation.best_model import best_model, model_folder
from lesionflow.evaluation.model_metrics import model_metrics
from lesionflow.evaluation.pooling import pool_predictions, pooled_metrics
from lesionflow.lists import write_probabilities
from lesionflow.report.sections.best import headlines
from lesionflow.report.tables.results import results, results_table
from lesionflow.report.thesis_numbers import PUBLISHED, printed

CLASSES = ["A", "B"]
MANIFEST = pd.DataFrame({"image": list("abcdefgh"), "label": list("AABBAABB"), "group": list("aaccefgh")})
# Each fold ranks perfectly, but f of class A is below c of the other fold; e and f are below one half.
FOLDS = {1: {"a": 0.9, "b": 0.8, "c": 0.35, "d": 0.1}, 2: {"h": 0.1, "e": 0.4, "f": 0.3, "g": 0.2}}
RECORD = {"classes": CLASSES, "time_s": 10, "epochs": 2, "params_trainable": 5, "params_total": 9}
LEAKAGE = {
    "known": {"lesion": 8, "patient": 0},
    "images_audited": 8,
    "valid": {"images_sharing": 0},
    "test": {"images_sharing": 0},
}


def probabilities(values: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"image": list(values), "A": list(values.values())}).assign(B=lambda table: 1 - table["A"])


def fold_metrics(folder, seed: int, valid: dict[str, float]) -> dict:
    """metrics.json of one fold."""
    paths = {}
    for part, values in (("valid", valid), ("test", FOLDS[seed])):
        paths[part] = str(folder / f"{part}{seed}.csv")
        write_probabilities(paths[part], probabilities(values))
    return model_metrics(RECORD | {"time_s": 10 * seed}, LEAKAGE, MANIFEST, paths)


@pytest.fixture
def folds(tmp_path) -> dict[int, dict]:
    """The validation image `e` is found by the first fold, missed by the second."""
    return {1: fold_metrics(tmp_path, 1, {"e": 0.9, "g": 0.1}), 2: fold_metrics(tmp_path, 2, {"a": 0.3, "c": 0.1})}


@pytest.fixture
def pooled(folds) -> dict:
    predictions = pool_predictions({seed: probabilities(values) for seed, values in FOLDS.items()})
    return pooled_metrics(folds, predictions, MANIFEST, CLASSES)


def test_every_prediction_is_there_once_with_the_seed_of_its_fold():
    table = pool_predictions({2: probabilities(FOLDS[2]), 1: probabilities(FOLDS[1])})
    assert list(table) == ["image", "seed", "A", "B"]
    assert list(zip(table["seed"], table["image"], strict=True)) == [
        (1, "a"), (1, "b"), (1, "c"), (1, "d"), (2, "e"), (2, "f"), (2, "g"), (2, "h")
    ]  # fmt: skip
    assert table["A"].tolist() == [0.9, 0.8, 0.35, 0.1, 0.4, 0.3, 0.2, 0.1]


def test_thresholds_are_pooled_and_ranks_averaged(pooled):
    test = pooled["test"]
    assert test["confusion_matrix"] == [[2, 2], [0, 4]]  # e and f are below one half
    assert test["balanced_accuracy"] == 0.75 and test["accuracy"] == 0.75
    assert test["images"] == 8 and test["groups"] == 6
    assert test["auroc_macro"] == 1 and test["per_class"]["A"]["auroc"] == 1
    assert test["per_class"]["A"]["sensitivity"] == 0.5
    assert test["balanced_accuracy_low"] < 0.75 < test["balanced_accuracy_high"]


def test_averages_are_of_folds_and_not_of_pooled_predictions(folds):
    folds[2]["test"]["auroc_macro"] = 0.5
    folds[2]["test"]["per_class"]["A"]["auroc"] = 0.4
    del folds[2]["test"]["per_class"]["B"]  # a fold may lack a class
    predictions = pool_predictions({seed: probabilities(values) for seed, values in FOLDS.items()})
    test = pooled_metrics(folds, predictions, MANIFEST, CLASSES)["test"]
    assert test["auroc_macro"] == 0.75
    assert test["per_class"]["A"]["auroc"] == pytest.approx(0.7) and test["per_class"]["B"]["auroc"] == 1


def test_validation_and_costs_are_means_over_folds(pooled):
    assert pooled["valid"] == {"images": 4, "images_sharing": 0, "accuracy": 0.75, "balanced_accuracy": 0.75}
    assert pooled["time_s"] == 15 and pooled["params_total"] == 9
    assert pooled["models"] == 2 and pooled["seed"] == 1  # both are as near to the mean: the lowest


def test_two_partitions_count_an_image_twice_and_a_lesion_once(folds):
    both = {1: folds[1], 2: folds[2], 3: folds[1], 4: folds[2]}
    tests = {seed: probabilities(FOLDS[(seed - 1) % 2 + 1]) for seed in both}
    once = pooled_metrics(folds, pool_predictions({1: tests[1], 2: tests[2]}), MANIFEST, CLASSES)["test"]
    twice = pooled_metrics(both, pool_predictions(tests), MANIFEST, CLASSES)["test"]
    assert twice["images"] == 16 and twice["groups"] == 6
    # The same predictions again are no new evidence.
    for end in ("", "_low", "_high"):
        assert twice[f"balanced_accuracy{end}"] == pytest.approx(once[f"balanced_accuracy{end}"])


def test_a_pooled_model_is_one_row_of_table_4_1_and_can_be_the_best(pooled, folds):
    names = {"backbone": "resnet50", "weights": "none", "dataset": "smote", "stage": "3"}
    cards = [names | {"protocol": "cross_fitted", "seed": "1"}]
    cards += [names | {"protocol": "corrected", "seed": str(seed)} for seed in (1, 2)]
    pooled["valid"]["balanced_accuracy"], pooled["seed"] = 0.9, 2
    long = results(cards, [pooled, folds[1], folds[2]], [], {}, {}, printed(PUBLISHED))
    assert long["models"].tolist() == [2, 1, 1] and long["seed"].tolist() == [2, 1, 2]
    best = best_model(long)
    assert model_folder("mine", best) == "results/mine/cross_fitted/seed2/smote/resnet50/stage3"
    first, second = headlines(long)
    assert (first["folds"], first["seeds"], first["used"]) == (2, 1, True)
    assert (second["folds"], second["seeds"], second["used"]) == (1, 2, False)
    table = results_table(long)
    assert table.wide["Bal. acc."][0].startswith("0.750 (") and "±" in table.wide["Bal. acc."][1]
    text = " ".join(table.notes)
    assert "over 2 seeds" in text and "95 % bootstrap interval" in text and "cross_fitted: cross-fitted" in text
    assert "cross-fitted" not in " ".join(results_table(long[long["models"] == 1]).notes)
