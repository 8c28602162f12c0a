"""The complete config: numbers parsed, protocols inherited, defaults filled in."""

import copy
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from lesionflow.config.checks import (
    check_folds,
    check_metric,
    check_names,
    check_reserved,
    check_schema,
    check_values,
)
from lesionflow.config.collection_checks import check_layouts, check_official
from lesionflow.config.contrasts import contrasts
from lesionflow.files import InputError

LEAKY = ("as_published", "random_split")  # rungs of the ladder
# Rungs with the same training and validation images: the first of them in the config's ladder trains for the others.
SAME_TRAINING = ("corrected", "random_split", "as_published")
# Keys of a protocol that a training does not depend on, or that reach it through other settings.
RECIPE_OF_OTHERS = ("like", "split", "undersample", "same_real_images", "unfreeze", "input_range", "stages", "loss")

NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)
BOOLEANS = {"true": True, "false": False}  # of the command line, where Snakemake knows True and False only
# The settings of a split beside its method: SIZES, or those that some of splits.METHODS take instead.
SIZES = {"test", "valid"}
SPLITS = {
    "by_fold": {"folds", "valid", "keep_for_training"},
    "by_group": SIZES | {"keep_for_training"},
    "by_image": SIZES | {"keep_for_training"},
    "by_archive": SIZES | {"keep_for_training", "archive"},
}


def complete(config: dict, schema: str | Path) -> dict:
    """Return the config with parsed numbers, complete protocols and all defaults. Raises InputError at the first fault.

    Numbers, true and false may be given as text: YAML reads 1e-3, without a point, as text. The schema decides which
    are integers.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    config = filled(config, rules, rules["$defs"])
    check_schema(config, _for_parts(rules))
    check_reserved(config)
    config["protocols"] = complete_protocols(config)
    config = filled(config, rules, rules["$defs"], defaults=True)
    check_schema(config, rules)
    for protocol in config["protocols"].values():  # without the defaults of other methods
        protocol["split"] = _taken(protocol["split"])
    check_names(config)
    check_values(config)
    check_layouts(config)
    check_official(config)
    check_folds(config)
    check_metric(config)
    contrasts(config)
    for collection in config["collections"].values():  # `images/` becomes `images`
        collection |= {
            key: os.path.normpath(collection[key]) for key in ("images", "labels", "metadata") if key in collection
        }
        collection["label_map"] = {str(value): name for value, name in collection["label_map"].items()}
    return config


def _for_parts(rules: Mapping) -> dict:
    """Return the schema without required keys of protocols, which may be inherited by `like`."""

    def optional(part: Any) -> Any:
        return {key: optional(part[key]) for key in part if key != "required"} if isinstance(part, Mapping) else part

    properties, shared = rules["properties"], rules["$defs"]
    properties = properties | {"protocols": optional(properties["protocols"])}
    return {**rules, "properties": properties, "$defs": shared | {"stage": optional(shared["stage"])}}


def filled(value: Any, rules: Mapping, shared: Mapping, defaults: bool = False) -> Any:
    """Return a copy of `value` with parsed numbers and, if `defaults`, the default values of its schema `rules`.

    `shared` are the $defs of the schema.
    """
    if "$ref" in rules:
        rules = shared[rules["$ref"].rsplit("/", 1)[-1]] | rules
    if isinstance(value, Mapping):
        known, others = rules.get("properties", {}), rules.get("additionalProperties") or {}
        absent = {key: own["default"] for key, own in known.items() if defaults and "default" in own}
        given = {**value, **{key: absent[key] for key in absent if key not in value}}
        return {key: filled(item, known.get(key, others), shared, defaults) for key, item in given.items()}
    if isinstance(value, list):
        return [filled(item, rules.get("items", {}), shared, defaults) for item in value]
    if rules.get("type") == "boolean":
        return BOOLEANS.get(value, value)
    if rules.get("type") in ("integer", "number"):
        value = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if rules["type"] == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
    return value


def complete_protocols(config: Mapping) -> dict[str, dict]:
    """Protocols with what they take from the one they are `like`, and one more for every rung of the ladder.

    Each has stages for every backbone if it, or the one it is like, has `default` ones.
    """
    given, ladder = config["protocols"], config["ladder"]
    if ladder["rungs"] and ladder["recipe"] not in given:
        known = ", ".join(given)
        raise InputError(f"at $.ladder.recipe: {ladder['recipe']!r} is not one of `protocols` ({known}): correct it.")
    # A rung has its own split method and inherits only the sizes of the recipe's split.
    rungs = {
        f"ladder_{rung}": {"like": ladder["recipe"], "leaky": rung in LEAKY, "split": {"method": "by_group"}}
        for rung in ladder["rungs"]
    }
    every = {**given, **rungs}
    protocols = {name: _inherit(name, every, ()) for name in every}
    return {name: _with_stages(protocol, config["backbones"]) for name, protocol in protocols.items()}


def _with_stages(protocol: Mapping, backbones: Iterable[str]) -> dict:
    """`protocol` with stages for every one of `backbones`: its own over the `default` ones, if it has any."""
    stages = dict(protocol.get("stages", {}))
    if "default" not in stages:
        return dict(protocol)
    default = stages.pop("default")
    for name in backbones:
        own = stages.get(name, {})
        stages[name] = copy.deepcopy(default)
        update_config(stages[name], own)
    return {**protocol, "stages": stages}


def _inherit(name: str, given: Mapping, heirs: tuple[str, ...]) -> dict:
    """Return the protocol `name` with settings inherited by `like`; `heirs` are the protocols that inherit from it."""
    own, protocol = given[name], {}
    if "like" in own:
        if own["like"] not in given:
            raise InputError(f"at $.protocols.{name}.like: {own['like']!r} is not one of `protocols`: correct it.")
        if own["like"] in (*heirs, name):
            circle = " is like ".join(map(repr, (*heirs, name, own["like"])))
            raise InputError(f"at $.protocols.{name}.like: {circle}: give one of them all its settings instead.")
        protocol = copy.deepcopy(_inherit(own["like"], given, (*heirs, name)))
    update_config(protocol, own)
    if "method" in protocol.get("split", {}):
        protocol["split"] = _split(name, own.get("split", {}), protocol["split"])
    return protocol


def _split(name: str, own: Mapping, split: Mapping) -> dict:
    """The settings of `split` that its method takes; some may be inherited, only those in `own` are the protocol's."""
    method, taken = split["method"], SPLITS.get(split["method"], SIZES)
    for key in own:
        if key not in taken | {"method"}:
            raise InputError(f"at $.protocols.{name}.split: {method} takes no `{key}`: remove it, or change `method`.")
    if "archive" in taken and "archive" not in split:
        raise InputError(f"at $.protocols.{name}.split: {method} tests on one archive: name it as `archive`.")
    return _taken(split)


def _taken(split: Mapping) -> dict:
    """The settings of `split` that its method takes."""
    taken = SPLITS.get(split["method"], SIZES)
    return {key: value for key, value in split.items() if key in taken | {"method"}}


def run_settings(config: Mapping) -> dict:
    """Return the part of the config that a run depends on, for the report."""
    run, collection, ladder = config["run"], config["collection"], config["ladder"]
    protocols = {
        name: {
            **config["protocols"][name],
            "stages": {key: config["protocols"][name]["stages"][key] for key in run["backbones"]},
        }
        for name in run["protocols"]
    }
    images = {key: value for key, value in config["collections"][collection].items() if key != "download"}
    return {
        "collections": {collection: images},
        **{key: config[key] for key in ("classes", "image_size", "seeds", "precision", "run", "comparisons", "search")},
        "official": config["official"] if config["official"]["run"] else {"run": False},
        "ladder": ladder if ladder["rungs"] else {"rungs": []},
        "datasets": {name: config["datasets"][name] for name in run["datasets"]},
        "backbones": {name: config["backbones"][name] for name in run["backbones"]},
        "protocols": protocols,
    }
