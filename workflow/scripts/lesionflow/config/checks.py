"""Validation of the config, with one-sentence errors that give the path of the key."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema

from lesionflow.files import InputError
from lesionflow.stages import STAGES
from lesionflow.urls import public

SHOWN = 300  # characters of a message, which may quote the whole input
# Reserved words: folders of the workflow, keywords of figures, rows of tables.
WORDS = {"all", "classes", "collection", "confusion", "curves", "data", "duplicates", "gallery", "ladder", "leakage",
         "leaky", "mistakes", "model", "none", "parts", "search", "thesis", "total"}  # fmt: skip
RESERVED = {
    "collections": {"audit", "predictions", "register", "weights"},
    "protocols": WORDS | {"external", "figures", "official", "pooled", "tables"},
    "datasets": WORDS,
    "backbones": WORDS | {"default", "folders"},
    "classes": {
        "all",
        "group",
        "image",
        "label",
        "lesion",
        "predicted",
        "probability",
        "seed",
        "status",
        "total",
        "warning",
    },
}


def _is_number(_: Any, value: Any) -> bool:
    """Accept finite numbers only; YAML's yes and no, which Python treats as 1 and 0, are rejected."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)


def check_schema(config: Mapping, rules: Mapping) -> None:
    """Raise InputError for the first schema violation; Snakemake's validate() prints the whole schema."""
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
    """Raise InputError for names that differ only in case, or that are reserved in paths, tables or figures."""
    for section, reserved in RESERVED.items():
        twice = Counter(name.casefold() for name in config[section])
        for name in config[section]:
            if name.casefold() in reserved or (section == "protocols" and name.casefold().startswith("ladder_")):
                raise InputError(f"at $.{section}: {name!r} is reserved for results: choose another name.")
            if twice[name.casefold()] > 1:
                same = [other for other in config[section] if other.casefold() == name.casefold()]
                raise InputError(f"at $.{section}: {' and '.join(same)} differ in case only: rename one of them.")


def check_names(config: Mapping) -> None:
    """Raise InputError if one part of the config uses a name that another does not define.

    Protocols must be complete (see `complete_protocols`).
    """
    run, ladder, protocols = config["run"], config["ladder"], config["protocols"]
    trained = {name: run["backbones"] for name in run["protocols"]}
    wanted = [("collection", "collections", [config["collection"]])]
    wanted += [("ladder.external", "collections", ladder["external"])]
    wanted += [("official.collection", "collections", [config["official"]["collection"]])]
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
            for stage in set(STAGES) - set(stages):
                path = f"protocols: {protocol}: stages: {backbone}: {stage}"
                raise InputError(f"set epochs and lr at `{path}`, or remove the backbone from what is run.")


def check_values(config: Mapping) -> None:
    """Raise InputError for inconsistent values. The config must be complete (see `complete`)."""
    for name, dataset in config["datasets"].items():
        if dataset.get("real_limit", 0) > dataset["limit"]:
            raise InputError(
                f"at $.datasets.{name}: `real_limit` {dataset['real_limit']} is above `limit` {dataset['limit']}, "
                "which counts real and synthetic images: lower the first or raise the second."
            )
    names = Counter(config["class_names"].get(name, name).strip() for name in config["classes"])
    for name, times in names.items():
        if times > 1 or not name:
            raise InputError(f"at $.class_names: {name!r} stands for {times} classes: give each class its own name.")
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
            raise InputError(f"at $.run: {name!r} is used in {found} and would be ambiguous in results: rename one.")
    external = config["ladder"]["external"] if config["ladder"]["rungs"] else []
    if config["collection"] in external:
        raise InputError(f"at $.ladder.external: {config['collection']!r} is the training collection: remove it.")
    for name in set(external) & set(config["ladder"]["rungs"]):
        raise InputError(f"at $.ladder.external: {name!r} is also the name of a rung: rename the collection.")
    for name in [config["collection"], *external]:
        for left_out in config["collections"][name]["ignore_classes"]:
            if left_out in config["classes"]:
                raise InputError(
                    f"at $.collections.{name}.ignore_classes: {left_out!r} is one of `classes` too: remove it from one."
                )


def check_folds(config: Mapping) -> None:
    """Raise InputError where `seeds` are not all folds of one or more partitions of a cross-fitted protocol."""
    for name in config["run"]["protocols"]:
        split = config["protocols"][name]["split"]
        if split["method"] == "by_fold":
            folds, seeds = split["folds"], set(config["seeds"])
            partitions = {(seed - 1) // folds for seed in seeds if seed > 0} or {0}
            wanted = {partition * folds + fold + 1 for partition in partitions for fold in range(folds)}
            if seeds != wanted:
                raise InputError(
                    f"at $.seeds: protocol {name!r} tests every lesion once in {folds} folds, a seed each: "
                    f"write `seeds: {sorted(wanted)}`."
                )


def check_metric(config: Mapping) -> None:
    """Raise InputError where models are to be compared by the sensitivity of a class that there is not."""
    metric = config["comparisons"]["metric"]
    known = [f"sensitivity_{name}" for name in config["classes"]]
    if metric.startswith("sensitivity_") and metric not in known:
        raise InputError(f"at $.comparisons.metric: {metric!r} is not one of {', '.join(known)}: correct it.")
