"""What the schema lets a config choose is what the code has."""

import inspect

import pytest
import yaml
from helpers import REPOSITORY

from lesionflow.splits.ladder import RUNGS
from lesionflow.splits.methods import METHODS
from lesionflow.training.recipe import OPTIMIZERS

SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())


def choices(name: str) -> list[list[str]]:
    """Every list of choices that the schema has under a property of this name, or for its items."""

    def walk(node) -> list:
        if isinstance(node, list):
            return [found for each in node for found in walk(each)]
        if not isinstance(node, dict):
            return []
        own = node.get("properties", {}).get(name, {})
        own = own.get("enum") or own.get("items", {}).get("enum")
        return ([own] if own else []) + [found for each in node.values() for found in walk(each)]

    return walk(SCHEMA)


@pytest.mark.parametrize(
    ("name", "places", "known"),
    [("method", 1, METHODS), ("rungs", 1, RUNGS), ("optimizers", 1, OPTIMIZERS), ("optimizer", 1, OPTIMIZERS)],
)
def test_choices_are_those_of_the_code(name, places, known):
    found = choices(name)
    assert len(found) == places and all(sorted(each) == sorted(known) for each in found)


def test_a_method_takes_the_settings_that_a_config_gives_it():
    """`split:` of the config is handed to the method as it is; what its schema allows, some method must take."""
    taken = {name for method in METHODS.values() for name in inspect.signature(method).parameters}
    protocol = SCHEMA["properties"]["protocols"]["additionalProperties"]["properties"]
    assert set(protocol["split"]["properties"]) - {"method"} <= taken
