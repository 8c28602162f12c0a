"""Model selection: the best model of a run or a named one, and its compatibility with the config."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd

from lesionflow.files import InputError
from lesionflow.lists import read_results

MODEL_FILES = ("model.safetensors", "model.json")
MODEL = ["protocol", "backbone", "weights", "stage", "dataset"]  # the identity of a model, regardless of its seed
VALID = "valid_balanced_accuracy"
DECIMALS = 12  # more than the error from another order of summation, or from a CSV
DRAWN = (
    "DRAWN IMAGES: this model was trained on computer-drawn images only, without any photograph of skin. "
    "Its predictions for photographs are meaningless."
)
LEAKY = (
    "LEAKY: under this model's protocol, test images are known to share images or lesions with training. "
    "Its test results do not hold for new images."
)

TEXT, NUMBER = {"type": "string"}, {"type": ["string", "integer"]}
RGB = {"type": "array", "minItems": 3, "maxItems": 3}
# The JSON schema of a usable model.json, which may come from an untrusted source.
RECORD = {
    **dict.fromkeys(["collection", "protocol", "dataset", "backbone", "weights"], TEXT),
    **dict.fromkeys(["seed", "stage"], NUMBER),
    "classes": {"type": "array", "minItems": 2, "uniqueItems": True, "items": TEXT},
    "image_size": {"type": "integer", "minimum": 1},
    "resize": {"enum": ["antialiased", "nearest"]},
    "leaky": {"type": "boolean"},
    "drawn": {"type": "boolean"},
    "backbone_settings": {
        "type": "object",
        "required": ["library", "architecture", "weights", "mean", "std"],
        "properties": {
            **dict.fromkeys(["library", "architecture", "weights"], TEXT),
            "mean": {**RGB, "items": {"type": "number", "minimum": -1000, "maximum": 1000}},
            "std": {**RGB, "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000}},
        },
    },
}


def best_runs(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows of the best model in `table` (Table 4.1), one per seed, and the row of its representative seed.

    The best model has the highest mean balanced accuracy on validation images over seeds; ties go to the first. The
    representative seed is the one nearest to this mean, the lowest if tied: the best seed would be optimistic. Raises
    InputError if no model has this metric.
    """
    models = table.groupby(MODEL, sort=False)
    means = models[VALID].mean(skipna=False).round(DECIMALS).dropna()
    if means.empty:
        raise InputError("No model has a balanced accuracy on validation images: train again.")
    runs = models.get_group(means.idxmax())
    return runs, representative(runs)


def representative(runs: pd.DataFrame) -> pd.Series:
    """Return the row of `runs` of one model whose VALID is nearest to the mean, the lowest seed if tied."""
    away = (runs[VALID] - runs[VALID].mean()).abs().round(DECIMALS)
    return runs.assign(away=away).sort_values(["away", "seed"]).drop(columns="away").iloc[0]


def best_model(table: pd.DataFrame) -> pd.Series:
    """Return the row of Table 4.1 of the best model (`best_runs`) among protocols that do not leak.

    Raises InputError if all leak.
    """
    honest = table[~table["leaky"].astype(bool)]
    if honest.empty:
        raise InputError(
            "Every model was trained under a protocol that leaks: run one that does not, or, for `predict`, name the "
            "model to use with `predict: {model: FOLDER}`."
        )
    return best_runs(honest)[1]


def model_folder(collection: str, row: Mapping) -> str:
    """Return the folder of the model in a row of Table 4.1."""
    return "results/{}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}".format(collection, **row)


def choose_model(images: str | None, collection: str, named: str | None) -> tuple[str, dict]:
    """Return folder and model.json of the model for `images`: the `named` one, else the best trained one.

    Raises InputError if images or model are missing.
    """
    table = f"results/{collection}/tables/table_4_1.csv"
    if not images:
        raise InputError("No images are given: run `snakemake predict --cores 2 --config images=FOLDER_OR_ZIP`.")
    if not Path(images).exists():
        raise InputError(f"There is no folder or .zip {images}: correct `images`.")
    if named is None and not Path(table).exists():
        raise InputError(
            f"Nothing has been trained yet on {collection} ({table} is missing): run `snakemake --cores 2` with the "
            "same config first, or name a model with `predict: {model: FOLDER}`."
        )
    folder = named or model_folder(collection, best_model(read_results(table)))
    missing = [name for name in MODEL_FILES if not (Path(folder) / name).is_file()]
    if missing:
        raise InputError(f"{folder} has no {' and no '.join(missing)}: name the folder of a trained model.")
    return folder, read_record(folder)


def read_record(folder: str | Path) -> dict:
    """Read model.json in `folder`. Raises InputError if it is not JSON or violates the schema RECORD."""
    path = Path(folder) / "model.json"

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a number")

    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}): name the folder of a trained model.") from None
    lacking = set(RECORD) - {"drawn"} - set(record if isinstance(record, dict) else [])
    if lacking:
        raise InputError(f"{path} lacks {', '.join(sorted(lacking))}: train the model again.")
    validator = jsonschema.Draft202012Validator({"properties": RECORD})
    wrong = jsonschema.exceptions.best_match(validator.iter_errors(record))
    if wrong:
        raise InputError(f"{path} is wrong at {wrong.json_path} ({wrong.message:.200}): train the model again.")
    return record


def warnings(record: Mapping) -> list[str]:
    """Return the warnings to show prominently beside all predictions of a model."""
    # Older models have no `drawn`: those of the demo are recognised by the name of the collection.
    drawn = record.get("drawn", record["collection"] == "demo")
    return [DRAWN] * drawn + [LEAKY] * record["leaky"]


def check_fit(
    folder: str,
    record: Mapping,
    classes: Sequence[str],
    image_size: int,
    resize: Mapping[str, str],
    backbones: Mapping[str, str],
) -> None:
    """Raise InputError if a model's record (`read_record`) contradicts the config.

    `resize` is per protocol; `backbones` gives library and architecture of each, such as "timm resnet18".
    """
    name, settings = record["backbone"], record["backbone_settings"]
    if name not in backbones:
        raise InputError(
            f"{folder} has the backbone {name!r:.200}, which is not one of `backbones` "
            f"({', '.join(backbones)}): add it to the config."
        )
    found: dict[str, Any] = {key: record[key] for key in ("classes", "image_size", "resize")}
    # An architecture unknown to the config could make its library download from the internet.
    found["architecture"] = f"{settings['library']} {settings['architecture']}"
    wanted = {
        "classes": classes,
        "image_size": image_size,
        "resize": resize.get(record["protocol"], record["resize"]),
        "architecture": backbones[name],
    }
    for key, value in wanted.items():
        if repr(found[key]) != repr(value):  # 224.0 == 224, but their paths differ
            raise InputError(
                f"{folder} was trained with `{key}` {found[key]!s:.200}, but the config says {value}: use the config "
                "that it was trained with, or another model."
            )
