"""Paths of the config: those that Snakemake would misread."""

import re
from collections.abc import Iterator, Mapping, Sequence

from lesionflow.files import InputError
from lesionflow.urls import is_url

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
    parts |= {"audit": config.get("audit", {}), "predict": config.get("predict", {}), "config": config}
    for where, part in parts.items():
        for key in ("images", "labels", "metadata", "split", "model"):
            if isinstance(part.get(key), str):
                yield f"{where}.{key}".removeprefix("config."), part[key]
    for name, backbone in config["backbones"].items():
        if not is_url(backbone["weights"]):
            yield f"backbones.{name}.weights", backbone["weights"]
