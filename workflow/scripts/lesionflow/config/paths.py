"""User input that Snakemake would misread or log: names of folders, paths, URLs on the command line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lesionflow.files import InputError
from lesionflow.urls import is_url, public

PLACEHOLDER = re.compile(r"[{}]|<[a-z][a-z0-9_]*>")


def typed_images(config: Mapping, arguments: Sequence[str] | None) -> str:
    """`images` of the config as text: of a folder 007 Snakemake makes the number 7.

    `arguments` are the words after `--config`.
    """
    images = config["images"]
    if isinstance(images, str):
        return images
    words = [word.partition("=") for word in arguments or ()]
    typed = [value for key, _, value in words if key == "images"]
    return typed[-1] if typed else str(images)


def check_command_line(arguments: Sequence[str] | None) -> None:
    """Raise InputError where a word after `--config` has a secret in a URL."""
    for word in arguments or ():
        if "://" in word and public(word) != word:
            raise InputError(
                f"{public(word)} has a user, password or query, and Snakemake logs its command line: write the URL "
                "into a file and give that with `--configfile`."
            )


def check_paths(config: Mapping) -> None:
    """Raise InputError where a path of the config has in it what Snakemake takes for a placeholder."""
    for key, path in given_paths(config):
        found = PLACEHOLDER.search(path)
        if found:
            raise InputError(
                f"at {key}: {path!r} has {found.group()!r} in it, which Snakemake takes for a placeholder: "
                "rename the file or folder."
            )


def given_paths(config: Mapping) -> Iterator[tuple[str, str]]:
    """Every path that the config names, with its key."""
    parts = {f"collections.{name}": collection for name, collection in config["collections"].items()}
    parts |= {name: config.get(name, {}) for name in ("audit", "predict")}
    for where, part in parts.items():
        for key in ("images", "labels", "metadata", "split", "model"):
            if key in part:
                yield f"{where}.{key}", part[key]
    if "images" in config:
        yield "images", str(Path(config["images"]).absolute())  # results bear its name, which `.` does not show
    yield "container", config["container"]
    for name, backbone in config["backbones"].items():
        if not is_url(backbone["weights"]):
            yield f"backbones.{name}.weights", backbone["weights"]
