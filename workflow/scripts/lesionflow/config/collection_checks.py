"""Checks of the collections in a config."""

from collections.abc import Mapping

from lesionflow.config.paths import BY_FOLDER
from lesionflow.files import InputError


def check_layouts(config: Mapping) -> None:
    """Raise InputError where a collection of the run has settings of its tables that contradict each other."""
    external = config["ladder"]["external"] if config["ladder"]["rungs"] else []
    for name in [config["collection"], *external]:
        collection = config["collections"][name]
        by_folder, column = collection["labels"] == BY_FOLDER, "label_column" in collection
        wrong = {
            "label_column": (column and by_folder, "is of a table, and `labels` is by_folder: remove one of them"),
            "label_map": (
                collection["label_map"] and not (by_folder or column),
                "maps values of `label_column`, or folders: set `label_column` or `labels: by_folder`",
            ),
            "ignore_classes": (
                {"", "*"} & {*collection["ignore_classes"]} and not (by_folder or column),
                "has '' or '*', which stand for values of `label_column`, or folders: name columns instead",
            ),
            "label_key": (
                collection["label_key"] == "lesion"
                and ("metadata" not in collection or by_folder or collection["columns"].get("lesion", "") is None),
                "needs a table of labels, and `metadata` that name the lesion of each image: set both",
            ),
            "columns": (
                collection["columns"] and "metadata" not in collection,
                "names columns of `metadata`: set it, if need be to the file of the labels",
            ),
        }
        for key, (is_wrong, why) in wrong.items():
            if is_wrong:
                raise InputError(f"at $.collections.{name}.{key}: {key} {why}.")
        known = [*config["classes"], *collection["ignore_classes"]]
        for value, label in collection["label_map"].items():
            if label not in known:
                raise InputError(
                    f"at $.collections.{name}.label_map: {value!r} is mapped to {label!r}, which is neither one of "
                    "`classes` nor of `ignore_classes`: correct it, or add it to one."
                )


def check_official(config: Mapping) -> None:
    """Raise InputError where the official test is the training collection, or has not exactly one unknown class."""
    name, run = config["official"]["collection"], config["official"]["run"]
    unknown = config["collections"][name]["ignore_classes"]
    if len(unknown) != 1 or (run and unknown[0] in config["classes"]):
        raise InputError(
            f"at $.collections.{name}.ignore_classes: {unknown} is not one class outside `classes`: name the class of "
            "the unknown images of the official test."
        )
    if run and name == config["collection"]:
        raise InputError(f"at $.official.collection: {name!r} is the training collection: name another one.")
