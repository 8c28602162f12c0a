"""Removal of secrets from URLs: user, password, query and fragment."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

URL = re.compile(
    r"([a-z][a-z0-9+.-]*://|(?<!\S)(?!\S*://)(?=\S+:\S*@))"  # or USER:PASSWORD@HOST without a scheme
    r"(\S*?)([\"'`)\]>},.;:]*)(?=\s|$)",
    re.IGNORECASE,
)
HOST = re.compile(r"(\[[^]]*\]|[^:@/?#]*)(:\d*)?(?=[/?#]|$)")


def public(text: str) -> str:
    """Return `text` with the secrets removed from all URLs in it."""
    return URL.sub(lambda found: found[1] + _public_part(found[2]) + found[3], text)


def _public_part(address: str) -> str:
    """Reduce the part of a URL after :// to host and path."""
    if not HOST.match(address):  # user and password come first; unescaped, they may contain any character
        address = address.rpartition("@")[2] if "@" in address else "…"
    return re.split("[?#]|://(?=.*@)", address, maxsplit=1)[0]


def is_url(weights: str) -> bool:
    """Whether weights are downloaded over HTTP."""
    return weights.lower().startswith(("http://", "https://"))


def file_name(url: str) -> str:
    """Return the last part of a URL's path."""
    return PurePosixPath(re.split("[?#]", url, maxsplit=1)[0]).name


def take_urls(config: Mapping) -> dict[str, list[str]]:
    """Return the download URLs in the config by file path, and strip their secrets from `config`.

    No record of the config contains a secret, and a new password triggers no rerun.
    """
    taken: dict[str, list[str]] = {}
    for name, collection in config["collections"].items():
        for file, source in collection.get("download", {}).items():
            taken[f"resources/{name}/{file}"] = source["urls"]
            source["urls"] = [public(url) for url in source["urls"]]
    for backbone in config["backbones"].values():
        url = backbone["weights"]
        if is_url(url):
            taken.setdefault(f"resources/weights/{file_name(url)}", []).append(url)
            backbone["weights"] = public(url)
    return taken


def is_public(file: Path) -> bool:
    """Whether no URL in a text file has a secret."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return public(text) == text
