"""The contrasts of a run: pairs of models that are compared, fixed in the config before training."""

import itertools
from collections.abc import Callable, Mapping

from lesionflow.files import InputError
from lesionflow.stages import STAGES

MODEL = ("protocol", "dataset", "backbone", "stage")


def model_name(model: Mapping) -> str:
    """The name of a model in comparisons.csv, from its protocol, dataset, backbone and stage."""
    return "{protocol}/{dataset}/{backbone}/stage{stage}".format(**model)


def contrasts(config: Mapping) -> list[dict]:
    """Contrasts of each protocol of the run: contrast (in words), a and b (`model_name`), protocol, leaky.

    Raises InputError for models that are not run, that differ in more or less than one thing, and for no contrast.
    """
    pairs = {}  # of names, so that a contrast given twice is there once
    for protocol in config["run"]["protocols"]:
        for place, entry in enumerate(config["comparisons"]["contrasts"]):
            for a, b in SETS[entry](config["run"]) if isinstance(entry, str) else [(entry["a"], entry["b"])]:
                models = [{"protocol": protocol, "stage": STAGES[-1]} | dict(model) for model in (a, b)]
                _check(config["run"], place, *models)
                pairs[model_name(models[0]), model_name(models[1])] = models
    if not pairs:
        raise InputError(
            "at $.comparisons.contrasts: this run has no two models to compare: add `stages`, or name more in `run`."
        )
    return [_described(config, *models) for models in pairs.values()]


def _check(run: Mapping, place: int, a: Mapping, b: Mapping) -> None:
    """Raise InputError unless models `a` and `b` are of the run and differ in one thing."""
    where = f"at $.comparisons.contrasts[{place}]"
    for model in (a, b):
        for key in MODEL[:3]:
            if model[key] not in run[f"{key}s"]:
                known = ", ".join(run[f"{key}s"])
                raise InputError(f"{where}: {model[key]!r} is not one of `run: {key}s` ({known}): correct it.")
    differing = [key for key in MODEL if a[key] != b[key]]
    if len(differing) != 1:
        what = f"differ in {' and '.join(differing)}" if differing else "are the same"
        raise InputError(
            f"{where}: {model_name(a)} and {model_name(b)} {what}: compare models that differ in exactly one thing."
        )


def _described(config: Mapping, a: Mapping, b: Mapping) -> dict:
    (thing,) = [key for key in MODEL if a[key] != b[key]]
    words = [f"stage {model[thing]}" if thing == "stage" else model[thing] for model in (a, b)]
    rest = [f"stage {a[key]}" if key == "stage" else a[key] for key in MODEL[1:] if key != thing]
    return {
        "contrast": f"{words[0]} instead of {words[1]} ({', '.join(rest)})",
        "a": model_name(a),
        "b": model_name(b),
        "protocol": a["protocol"],
        "leaky": any(config["protocols"][model["protocol"]]["leaky"] for model in (a, b)),
    }


def _against_the_first(key: str, others: str) -> Callable:
    """Contrasts in `key` at the last stage: every one of the run against the first, for each of `others`."""

    def pairs(run: Mapping) -> list[tuple[dict, dict]]:
        first, *rest = run[f"{key}s"]
        return [
            ({key: name, others: other}, {key: first, others: other}) for name in rest for other in run[f"{others}s"]
        ]

    return pairs


def _stages(run: Mapping) -> list[tuple[dict, dict]]:
    """Every stage against the one before it."""
    models = [
        {"dataset": dataset, "backbone": backbone} for dataset in run["datasets"] for backbone in run["backbones"]
    ]
    return [
        (model | {"stage": stage}, model | {"stage": before})
        for before, stage in itertools.pairwise(STAGES)
        for model in models
    ]


SETS = {
    "datasets": _against_the_first("dataset", "backbone"),
    "backbones": _against_the_first("backbone", "dataset"),
    "stages": _stages,
}
