"""Contrasts of a config."""

import copy

import pytest
import yaml
from helpers import REPOSITORY

from lesionflow.config.contrasts import contrasts
from lesionflow.config.settings import complete
from lesionflow.files import InputError

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
GIVEN = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def completed(run: dict | None = None, **comparisons) -> dict:
    config = copy.deepcopy(GIVEN)
    config["run"] |= run or {}
    config["comparisons"] |= comparisons
    return complete(config, SCHEMA)


def model(dataset: str = "smote", backbone: str = "resnet50", **more) -> dict:
    return {"dataset": dataset, "backbone": backbone, **more}


def test_the_default_asks_the_questions_of_the_thesis():
    names = [found["contrast"] for found in contrasts(completed())]
    assert names[:4] == [
        "smote instead of undersampled (efficientnet_b0, stage 3)",
        "smote instead of undersampled (resnet50, stage 3)",
        "resnet50 instead of efficientnet_b0 (undersampled, stage 3)",
        "resnet50 instead of efficientnet_b0 (smote, stage 3)",
    ]
    assert names[4] == "stage 2 instead of stage 1 (undersampled, efficientnet_b0)"
    assert names[-1] == "stage 3 instead of stage 2 (smote, resnet50)" and len(names) == 12


def test_every_dataset_is_compared_with_the_first_in_each_protocol():
    run = {"protocols": ["corrected", "random_split"], "datasets": ["smote", "undersampled"], "backbones": ["resnet50"]}
    found = contrasts(completed(run, contrasts=["datasets"]))
    assert [(row["protocol"], row["leaky"]) for row in found] == [("corrected", False), ("random_split", True)]
    assert found[0]["a"] == "corrected/undersampled/resnet50/stage3"
    assert found[0]["b"] == "corrected/smote/resnet50/stage3"


def test_a_contrast_can_be_named():
    single = {"a": model(stage=3), "b": model(stage=1)}
    (found,) = contrasts(completed(contrasts=[single, single]))
    assert found["contrast"] == "stage 3 instead of stage 1 (smote, resnet50)"
    run = {"protocols": ["corrected", "cross_fitted"]}
    config = copy.deepcopy(GIVEN)
    config["protocols"]["cross_fitted"] = {"like": "corrected", "patience": 20}
    config["run"] |= run
    config["comparisons"]["contrasts"] = [{"a": model(protocol="cross_fitted"), "b": model(protocol="corrected")}]
    (found,) = contrasts(complete(config, SCHEMA))
    assert found["contrast"] == "cross_fitted instead of corrected (smote, resnet50, stage 3)"


@pytest.mark.parametrize(
    ("comparisons", "message"),
    [
        (
            {"contrasts": [{"a": model(), "b": model("undersampled", "efficientnet_b0")}]},
            "differ in dataset and backbone",
        ),
        ({"contrasts": [{"a": model(), "b": model()}]}, r"contrasts\[0\].* are the same"),
        ({"contrasts": ["stages", {"a": model("none"), "b": model()}]}, r"contrasts\[1\]: 'none' is not one of `run: "),
        ({"contrasts": [{"a": model(), "b": model(stage=4)}]}, "4 is not one of"),
        ({"contrasts": ["seeds"]}, "comparisons"),
        ({"contrasts": []}, "comparisons.contrasts"),
        ({"margin": 0}, "comparisons.margin"),
        ({"metric": "accuracy"}, "'accuracy' cannot be used"),
        ({"metric": "sensitivity_mel"}, "is not one of sensitivity_MEL, "),
    ],
)
def test_a_contrast_that_makes_no_sense_is_one_error(comparisons, message):
    with pytest.raises(InputError, match=message) as caught:
        completed(**comparisons)
    assert "\n" not in str(caught.value)


def test_a_run_without_two_models_to_compare_is_an_error():
    with pytest.raises(InputError, match="no two models to compare"):
        completed({"datasets": ["smote"]}, contrasts=["datasets"])
