"""What the schema lets a config choose is what the code has."""

import inspect
from collections.abc import Iterator

import pytest
import yaml
from helpers import REPOSITORY

from lesionflow.balancing import methods as balancing
from lesionflow.config.settings import LEAKY
from lesionflow.evaluation.unknown import SCORES
from lesionflow.splits import methods as splits
from lesionflow.splits.ladder import RUNGS
from lesionflow.training.recipe import LOSSES, OPTIMIZERS

SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
SHARED = SCHEMA["$defs"]


def resolved(rules: dict) -> dict:
    return SHARED[rules["$ref"].rsplit("/", 1)[-1]] | rules if "$ref" in rules else rules


def choices(name: str, node=SCHEMA) -> Iterator[list[str]]:
    """Every list of choices that the schema has under a property of this name, or for its items."""
    if isinstance(node, list):
        for each in node:
            yield from choices(name, each)
    if isinstance(node, dict):
        own = resolved(node.get("properties", {}).get(name, {}))
        found = own.get("enum") or resolved(own.get("items", {})).get("enum")
        yield from [found] if found else []
        yield from choices(name, list(node.values()))


@pytest.mark.parametrize(
    ("name", "places", "known"),
    [
        ("method", 1, splits.METHODS),
        ("rungs", 1, RUNGS),
        ("oversample", 1, balancing.METHODS),
        ("loss", 2, LOSSES),
        ("optimizers", 1, OPTIMIZERS),
        ("optimizer", 1, OPTIMIZERS),
        ("score", 1, SCORES),
    ],
)
def test_choices_are_those_of_the_code(name, places, known):
    found = list(choices(name))
    assert len(found) == places and all(sorted(each) == sorted(known) for each in found)


def test_every_default_loss_is_the_same():
    protocol = SCHEMA["properties"]["protocols"]["additionalProperties"]["properties"]
    assert protocol["loss"]["default"] == "cross_entropy" and "default" not in SHARED["loss"]
    assert "default" not in SCHEMA["properties"]["datasets"]["additionalProperties"]["properties"]["loss"]


def test_leaky_rungs_are_rungs():
    assert set(LEAKY) < set(RUNGS)


def test_a_method_takes_the_settings_that_a_config_gives_it():
    """`split:` of the config is handed to the method as it is; what its schema allows, some method must take."""
    taken = {name for method in splits.METHODS.values() for name in inspect.signature(method).parameters}
    protocol = SCHEMA["properties"]["protocols"]["additionalProperties"]["properties"]
    assert set(protocol["split"]["properties"]) - {"method"} <= taken


def test_a_balancing_method_takes_the_options_of_a_dataset():
    options = {name for method in balancing.METHODS.values() for name in inspect.signature(method).parameters}
    dataset = SCHEMA["properties"]["datasets"]["additionalProperties"]["properties"]
    assert set(dataset) - {"real_limit", "oversample", "loss"} == options - {"labels", "read", "seed"}
