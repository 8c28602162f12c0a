"""User input that Snakemake would misread or log: folder names, paths, and URLs on the command line."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from lesionflow.files import InputError
from lesionflow.urls import is_url, public

BY_FOLDER = "by_folder"  # in place of a table of labels
PLACEHOLDER = re.compile(r"[{}]|<[a-z][a-z0-9_]*>")


def typed_images(config: Mapping, arguments: Sequence[str] | None) -> str:
    """Return `images` of the config as typed: Snakemake turns a folder 007 into the number 7.

    `arguments` are the words after `--config`.
    """
    images = config["images"]
    if isinstance(images, str):
        return images
    words = [word.partition("=") for word in arguments or ()]
    typed = [value for key, _, value in words if key == "images"]
    return typed[-1] if typed else str(images)


def check_command_line(arguments: Sequence[str] | None) -> None:
    """Raise InputError if a word after `--config` contains a URL with a secret."""
    for word in arguments or ():
        if "://" in word and public(word) != word:
            raise InputError(
                f"{public(word)} has a user, password or query, and Snakemake logs its command line: write the URL "
                "into a file and give that with `--configfile`."
            )


def check_paths(config: Mapping) -> None:
    """Raise InputError if a path in the config is a URL, or contains what Snakemake takes for a placeholder."""
    for key, path in given_paths(config):
        if "://" in path and key != "container":
            raise InputError(f"at {key}: {public(path)!r} is a URL where a file is expected: download it first.")
        found = PLACEHOLDER.search(path)
        if found:
            raise InputError(
                f"at {key}: {path!r} has {found.group()!r} in it, which Snakemake takes for a placeholder: "
                "rename the file or folder."
            )


def table_of(collection: Mapping, key: str) -> str | None:
    """Return the file that a collection names as `key`, if it does; labels by folder are none."""
    return None if collection.get(key) == BY_FOLDER else collection.get(key)


def check_tables(config: Mapping, made: Collection[str]) -> None:
    """Raise InputError if a table is missing although results of its collection or audit exist.

    Snakemake would consider them up to date. `made` are the outputs of rules.
    """
    name, audit = config["collection"], config["audit"]
    parts = {f"collections.{name}": (config["collections"][name], f"results/{name}/labels.csv")}
    parts["audit"] = (audit, f"results/audit/{audit.get('name')}/leakage.json")
    for where, (part, result) in parts.items():
        for key in ("labels", "metadata", "split"):
            path = table_of(part, key)
            if path and path not in made and not Path(path).exists() and Path(result).exists():
                raise InputError(
                    f"at {where}.{key}: there is no file {path}, but {result} was made from one: correct the path."
                )


def given_paths(config: Mapping) -> Iterator[tuple[str, str]]:
    """Yield the key and path of every path in the config."""
    parts = {f"collections.{name}": collection for name, collection in config["collections"].items()}
    parts |= {name: config.get(name, {}) for name in ("audit", "predict", "register")}
    for where, part in parts.items():
        for key in ("images", "labels", "metadata", "split", "model", "lists", "isic2020"):
            if key in part:
                yield f"{where}.{key}", part[key]
    if "images" in config:
        yield "images", str(Path(config["images"]).absolute())  # results are named after it, so `.` must be resolved
    yield from ((key, config[key]) for key in ("labels", "metadata") if key in config)
    yield "container", config["container"]
    for name, backbone in config["backbones"].items():
        if not is_url(backbone["weights"]):
            yield f"backbones.{name}.weights", backbone["weights"]
