"""URLs as they may be shown and recorded: user, password, query and fragment can be secrets."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

URL = re.compile(
    r"([a-z][a-z0-9+.-]*://|(?<!\S)(?!\S*://)(?=\S+:\S*@))"  # or USER:PASSWORD@HOST where the scheme was forgotten
    r"(\S*?)([\"'`)\]>},.;:]*)(?=\s|$)",
    re.IGNORECASE,
)
HOST = re.compile(r"(\[[^]]*\]|[^:@/?#]*)(:\d*)?(?=[/?#]|$)")


def public(text: str) -> str:
    """`text`, a URL or words with URLs among them, without what can be secret in any of them."""
    return URL.sub(lambda found: found[1] + _public_part(found[2]) + found[3], text)


def _public_part(address: str) -> str:
    """What follows :// in a URL, reduced to host and path."""
    if not HOST.match(address):  # user and password come first, and hold any character where nobody escaped them
        address = address.rpartition("@")[2] if "@" in address else "…"
    return re.split("[?#]|://(?=.*@)", address, maxsplit=1)[0]


def is_url(weights: str) -> bool:
    """Whether weights are downloaded over HTTP."""
    return weights.lower().startswith(("http://", "https://"))


def file_name(url: str) -> str:
    """The last part of a URL's path."""
    return PurePosixPath(re.split("[?#]", url, maxsplit=1)[0]).name


def take_urls(config: Mapping) -> dict[str, list[str]]:
    """The URLs of each file that the config can have downloaded, by the file's path; only their public part stays in
    `config`, so that no record of it has a secret, and another password reruns nothing.
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
    """Whether a text file has no URL in it that has a secret."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return public(text) == text
