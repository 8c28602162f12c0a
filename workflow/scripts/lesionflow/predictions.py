"""New images: which model looks at them, whether it fits, and what it says of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.files import InputError, read_json
from lesionflow.lists import read_results

MODEL_FILES = ("model.safetensors", "model.json")


def set_name(images: str | Path) -> str:
    """What results of a folder or .zip of images are named: as it is, without an ending of the .zip."""
    path = Path(images).resolve()
    return path.name if path.is_dir() else path.stem


def best_model(table: pd.DataFrame) -> pd.Series:
    """The row of Table 4.1 with the highest balanced accuracy on validation images, of protocols that do not leak."""
    honest = table[~table["leaky"].astype(bool)]
    if honest.empty:
        raise InputError(
            "Every model was trained under a protocol that leaks: name the one to use with `predict: {model: FOLDER}`."
        )
    return honest.loc[honest["valid_balanced_accuracy"].idxmax()]


def model_folder(collection: str, row: Mapping) -> str:
    """Where the model of a row of Table 4.1 is."""
    return "results/{}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}".format(collection, **row)


def choose_model(images: str | None, collection: str, named: str | None) -> tuple[str, dict]:
    """Folder and card of the model for `images`: the one that is `named`, else the best that was trained."""
    table = f"results/{collection}/tables/table_4_1.csv"
    if images is None:
        raise InputError("Say which images: `snakemake predict --cores 2 --config images=FOLDER_OR_ZIP`.")
    if not Path(images).exists():
        raise InputError(f"There is no folder or .zip {images}: correct `images`.")
    if named is None and not Path(table).exists():
        raise InputError(
            f"Nothing was trained yet on {collection} ({table} is missing): run `snakemake --cores 2` with the same "
            "config first, or name a model with `predict: {model: FOLDER}`."
        )
    folder = named or model_folder(collection, best_model(read_results(table)))
    missing = [name for name in MODEL_FILES if not (Path(folder) / name).exists()]
    if missing:
        raise InputError(f"{folder} has no {' and no '.join(missing)}: name the folder of a trained model.")
    return folder, read_json(Path(folder, "model.json").absolute())  # nothing here would train the model anew


def check_fit(
    folder: str,
    card: Mapping,
    classes: Sequence[str],
    image_size: int,
    resize: Mapping[str, str],
    backbones: Sequence[str],
) -> None:
    """Raise InputError where a model's card says other than the config: `resize` is by protocol."""
    lacking = {"classes", "image_size", "resize", "protocol", "backbone", "backbone_settings"} - set(card)
    if lacking:
        raise InputError(f"{folder}/model.json does not say its {', '.join(sorted(lacking))}: train the model again.")
    if card["backbone"] not in backbones:
        raise InputError(
            f"{folder} is of the backbone {card['backbone']!r}, which is not one of `backbones` "
            f"({', '.join(backbones)}): add it to the config."
        )
    wanted = {
        "classes": classes,
        "image_size": image_size,
        "resize": resize.get(card["protocol"], card["resize"]),
    }
    for key, value in wanted.items():
        if card[key] != value:
            raise InputError(
                f"{folder} was trained with `{key}` {card[key]}, the config says {value}: use the config that it was "
                "trained with, or another model."
            )


def readable(files: pd.DataFrame) -> pd.DataFrame:
    """The rows of `files` (image and status) whose file could be read; InputError if there are none."""
    ok = files[files["status"] == "ok"]
    if ok.empty:
        first = files.iloc[0]
        raise InputError(f"None of {len(files)} images can be read, the first is {first['image']} ({first['status']}).")
    return ok


def prediction_table(files: pd.DataFrame, probabilities: pd.DataFrame, class_names: Mapping[str, str]) -> pd.DataFrame:
    """One row a file: image, the probability of each class, predicted, probability, status.

    `files` has image and status of all that were packed, `probabilities` image and one column a class of those that
    could be read; the cells of others are empty. Up to the classes the columns are those of an ISIC submission.
    """
    table = files[["image", "status"]].merge(probabilities, on="image", how="left", validate="one_to_one")
    ok, classes = table["status"] == "ok", list(probabilities.columns.drop("image"))
    best = table.loc[ok, classes].idxmax(axis=1)
    table["predicted"] = best.map(lambda name: class_names.get(name, name))
    table["probability"] = table.loc[ok, classes].max(axis=1)
    return table[["image", *classes, "predicted", "probability", "status"]]
