"""The config: one sentence for what is wrong in it, and what is left to complete before it is used."""

import copy
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import yaml
from snakemake.utils import update_config

from lesionflow.files import InputError
from lesionflow.rungs import LEAKY

# Keys of a protocol that a training does not depend on, or that reach it through other settings.
RECIPE_OF_OTHERS = ("like", "split", "undersample", "same_real_images", "unfreeze", "input_range", "stages")


def check_schema(config: Mapping, schema: str | Path) -> None:
    """Raise InputError at the first thing that the schema forbids; Snakemake's validate() prints the whole schema."""
    validator = jsonschema.Draft202012Validator(yaml.safe_load(Path(schema).read_text(encoding="utf-8")))
    wrong = jsonschema.exceptions.best_match(validator.iter_errors(config))
    if wrong:
        raise InputError(f"at {wrong.json_path}: {wrong.message}. See config/README.md.")


def complete_protocols(config: Mapping) -> dict[str, dict]:
    """Protocols with what they take from the one they are `like`, and one more for every rung of the ladder."""
    given, ladder = config["protocols"], config["ladder"]
    rungs = {f"ladder_{rung}": {"like": ladder["recipe"], "leaky": rung in LEAKY} for rung in ladder["rungs"]}
    protocols = {}
    for name, own in {**given, **rungs}.items():
        if own.get("like", name) not in given:
            raise InputError(f"{name!r} is like {own['like']!r}, which is not one of `protocols`: correct it.")
        protocols[name] = copy.deepcopy(given[own["like"]]) if "like" in own else {}
        update_config(protocols[name], own)
    return protocols


def check_names(config: Mapping) -> None:
    """Raise InputError where one part of the config uses a name that another does not define.

    Protocols must be complete (see `complete_protocols`).
    """
    run, ladder = config["run"], config["ladder"]
    trained = {name: run["backbones"] for name in run["protocols"]}
    wanted = {"collections": [config["collection"], *ladder.get("external", ())], **run}
    if ladder["rungs"]:
        trained |= {f"ladder_{rung}": [ladder["backbone"]] for rung in ladder["rungs"]}
        wanted["datasets"] = [*run["datasets"], ladder["dataset"]]
        wanted["backbones"] = [*run["backbones"], ladder["backbone"]]
    for section, names in wanted.items():
        for name in names:
            if name not in config[section]:
                known = ", ".join(config[section])
                raise InputError(f"{name!r} is not one of `{section}` ({known}): correct it, or add it.")
    for protocol, backbones in trained.items():
        for backbone in backbones:
            stages = config["protocols"][protocol].get("stages", {}).get(backbone, {})
            for stage in {1, 2, 3} - set(stages):
                path = f"protocols: {protocol}: stages: {backbone}: {stage}"
                raise InputError(f"set epochs and lr at `{path}`, or take the backbone out of what is run.")


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
