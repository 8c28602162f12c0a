"""The config: completed once, and one sentence for what is wrong in it."""

import copy
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from snakemake.utils import update_config

from lesionflow.files import InputError
from lesionflow.rungs import LEAKY
from lesionflow.urls import public

# Keys of a protocol that a training does not depend on, or that reach it through other settings.
RECIPE_OF_OTHERS = ("like", "split", "undersample", "same_real_images", "unfreeze", "input_range", "stages")

SHOWN = 300  # characters of a message, which may quote all that was given
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)
# What a split needs to know beside its method, as in splits.METHODS.
SIZES = {"test", "valid"}
SPLITS = {
    "by_group": SIZES | {"keep_for_training"},
    "by_image": SIZES | {"keep_for_training"},
    "by_archive": SIZES | {"keep_for_training", "archive"},
    "as_published": SIZES,
}
# Names that mean something else where ours stand: folders of the workflow, keywords of figures, rows of tables.
WORDS = {"all", "classes", "collection", "confusion", "curves", "data", "duplicates", "gallery", "ladder", "leakage",
         "leaky", "mistakes", "model", "none", "parts", "search", "thesis", "total"}  # fmt: skip
RESERVED = {
    "collections": {"audit", "predictions", "weights"},
    "protocols": WORDS | {"external", "figures", "pooled", "tables"},
    "datasets": WORDS,
    "backbones": WORDS | {"folders"},
    "classes": {"all", "image", "label", "predicted", "probability", "status", "total"},
}


def complete(config: Mapping, schema: str | Path) -> dict:
    """The config with numbers as numbers, whole protocols and every default. InputError at the first fault in it.

    Numbers are whole where the schema wants that, and may be given as text: YAML reads 1e-3, without a point, as one.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    config = filled(config, rules, rules["$defs"])
    check_schema(config, rules)
    check_reserved(config)
    config["protocols"] = complete_protocols(config)
    config = filled(config, rules, rules["$defs"], defaults=True)
    check_names(config)
    check_values(config)
    return config


def filled(value: Any, rules: Mapping, shared: Mapping, defaults: bool = False) -> Any:
    """A copy of `value` with its numbers read and, if wanted, the `defaults` of its `rules`; `shared` are its $defs."""
    if "$ref" in rules:
        rules = shared[rules["$ref"].rsplit("/", 1)[-1]] | rules
    if isinstance(value, Mapping):
        known, others = rules.get("properties", {}), rules.get("additionalProperties") or {}
        absent = {key: own["default"] for key, own in known.items() if defaults and "default" in own}
        given = {**value, **{key: absent[key] for key in absent if key not in value}}
        return {key: filled(item, known.get(key, others), shared, defaults) for key, item in given.items()}
    if isinstance(value, list):
        return [filled(item, rules.get("items", {}), shared, defaults) for item in value]
    if rules.get("type") in ("integer", "number"):
        value = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if rules["type"] == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
    return value


def _is_number(_: Any, value: Any) -> bool:
    """Finite numbers only; YAML's yes and no, which Python counts as 1 and 0, are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)


def check_schema(config: Mapping, rules: Mapping) -> None:
    """Raise InputError at the first thing that the schema forbids; Snakemake's validate() prints the whole schema."""
    wrong = jsonschema.exceptions.best_match(Validator(rules).iter_errors(config))
    if wrong:
        about = wrong.schema.get("description", "")
        if wrong.validator == "pattern":
            message = f"{wrong.instance!r} cannot be used"
        elif wrong.validator_value == "string" and not isinstance(wrong.instance, list | Mapping | None):
            message, about = wrong.message, "put it in quotes"
        else:
            message = wrong.message
        message = message if len(message) <= SHOWN else f"{message[:SHOWN]}…"
        raise InputError(public(f"at {wrong.json_path}: {message}{f' ({about})' * bool(about)}. See config/README.md."))


def check_reserved(config: Mapping) -> None:
    """Raise InputError where two names differ in case only, or one means something else in paths, tables or figures."""
    for section, reserved in RESERVED.items():
        twice = Counter(name.casefold() for name in config[section])
        for name in config[section]:
            if name.casefold() in reserved or (section == "protocols" and name.casefold().startswith("ladder_")):
                raise InputError(f"at $.{section}: {name!r} has a meaning of its own in results: choose another name.")
            if twice[name.casefold()] > 1:
                same = [other for other in config[section] if other.casefold() == name.casefold()]
                raise InputError(f"at $.{section}: {' and '.join(same)} differ in case only: rename one of them.")


def complete_protocols(config: Mapping) -> dict[str, dict]:
    """Protocols with what they take from the one they are `like`, and one more for every rung of the ladder."""
    given, ladder = config["protocols"], config["ladder"]
    if ladder["rungs"] and ladder["recipe"] not in given:
        known = ", ".join(given)
        raise InputError(f"at $.ladder.recipe: {ladder['recipe']!r} is not one of `protocols` ({known}): correct it.")
    # A rung draws its own parts; of the recipe's split it takes the sizes.
    rungs = {
        f"ladder_{rung}": {"like": ladder["recipe"], "leaky": rung in LEAKY, "split": {"method": "by_group"}}
        for rung in ladder["rungs"]
    }
    every = {**given, **rungs}
    return {name: _inherit(name, every, ()) for name in every}


def _inherit(name: str, given: Mapping, heirs: tuple[str, ...]) -> dict:
    """The protocol `name` with what those take that it is `like`; `heirs` are like it."""
    own, protocol = given[name], {}
    if "like" in own:
        if own["like"] not in given:
            raise InputError(f"{name!r} is like {own['like']!r}, which is not one of `protocols`: correct it.")
        if own["like"] in (*heirs, name):
            circle = " is like ".join(map(repr, (*heirs, name, own["like"])))
            raise InputError(f"at $.protocols.{name}.like: {circle}: give one of them all its settings instead.")
        protocol = copy.deepcopy(_inherit(own["like"], given, (*heirs, name)))
    update_config(protocol, own)
    return protocol | {"split": _split(name, own.get("split", {}), protocol["split"])}


def _split(name: str, own: Mapping, split: Mapping) -> dict:
    """The settings of `split` that its method takes; some may be inherited, only those in `own` are the protocol's."""
    method = split["method"]
    if "archive" in own and "archive" not in SPLITS[method]:
        raise InputError(f"at $.protocols.{name}.split: {method} takes no `archive`: take it out, or use by_archive.")
    if "archive" in SPLITS[method] and "archive" not in split:
        raise InputError(f"at $.protocols.{name}.split: {method} tests on one archive: name it as `archive`.")
    return {key: value for key, value in split.items() if key in SPLITS[method] | {"method"}}


def check_names(config: Mapping) -> None:
    """Raise InputError where one part of the config uses a name that another does not define.

    Protocols must be complete (see `complete_protocols`).
    """
    run, ladder, protocols = config["run"], config["ladder"], config["protocols"]
    trained = {name: run["backbones"] for name in run["protocols"]}
    wanted = [("collection", "collections", [config["collection"]])]
    wanted += [("ladder.external", "collections", ladder["external"])]
    wanted += [(f"run.{section}", section, names) for section, names in run.items()]
    for name, protocol in protocols.items():
        for key in ("stages", "input_range", "unfreeze"):
            wanted.append((f"protocols.{name}.{key}", "backbones", protocol[key]))
    if ladder["rungs"]:
        trained |= {f"ladder_{rung}": [ladder["backbone"]] for rung in ladder["rungs"]}
        wanted += [(f"ladder.{key}", f"{key}s", [ladder[key]]) for key in ("dataset", "backbone")]
    for path, section, names in wanted:
        for name in names:
            if name not in config[section]:
                known = ", ".join(config[section])
                raise InputError(f"at $.{path}: {name!r} is not one of `{section}` ({known}): correct it, or add it.")
    for protocol, backbones in trained.items():
        for backbone in backbones:
            stages = protocols[protocol]["stages"].get(backbone, {})
            for stage in {1, 2, 3} - set(stages):
                path = f"protocols: {protocol}: stages: {backbone}: {stage}"
                raise InputError(f"set epochs and lr at `{path}`, or take the backbone out of what is run.")


def check_values(config: Mapping) -> None:
    """Raise InputError where two values do not go together. The config must be complete (see `complete`)."""
    for name, dataset in config["datasets"].items():
        if dataset.get("real_limit", 0) > dataset["limit"]:
            raise InputError(
                f"at $.datasets.{name}: `real_limit` {dataset['real_limit']} is above `limit` {dataset['limit']}, "
                "which counts real and synthetic images: lower the one or raise the other."
            )
    for name, protocol in config["protocols"].items():
        augmented = protocol.get("augmentation", {})
        ranges = {f"augmentation.{key}": augmented[key] for key in ("zoom", "brightness") if key in augmented}
        ranges |= {f"input_range.{key}": span for key, span in protocol["input_range"].items()}
        for path, (low, high) in ranges.items():
            if low > high or (low == high and path.startswith("input_range")):
                raise InputError(f"at $.protocols.{name}.{path}: {low} is not below {high}: give the lower one first.")
    for name, times in Counter(name for names in config["run"].values() for name in names).items():
        if times > 1:
            found = " and ".join(f"`{section}`" for section, names in config["run"].items() if name in names)
            raise InputError(
                f"at $.run: {name!r} is a name in {found}, which results could not tell apart: rename one."
            )
    external = config["ladder"]["external"] if config["ladder"]["rungs"] else []
    if config["collection"] in external:
        raise InputError(f"at $.ladder.external: {config['collection']!r} is what models are trained on: take it out.")
    for name in [config["collection"], *external]:
        for left_out in config["collections"][name]["ignore_classes"]:
            if left_out in config["classes"]:
                raise InputError(f"at $.collections.{name}.ignore_classes: {left_out!r} is one of `classes` too.")


def run_settings(config: Mapping) -> dict:
    """What of the config a run depends on, for the report: what it trains and tests, and on what."""
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
        **{key: config[key] for key in ("classes", "image_size", "seeds", "precision", "run", "search")},
        "ladder": ladder if ladder["rungs"] else {"rungs": []},
        "datasets": {name: config["datasets"][name] for name in run["datasets"]},
        "backbones": {name: config["backbones"][name] for name in run["backbones"]},
        "protocols": protocols,
    }
