"""State of a partial download: the version of the remote file that it belongs to."""

import contextlib
import json
from pathlib import Path

import requests

from lesionflow.files import write_json
from lesionflow.urls import public


def begin(answer: requests.Response, url: str, part: Path) -> dict:
    """Restart `part` and record its url, version and total length in bytes beside it; return this state.

    Raises requests.ConnectionError if the server compresses the file.
    """
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise requests.ConnectionError("the server compresses the file, though asked not to")
    length = answer.headers.get("Content-Length", "")
    state = {"url": public(url), "version": version_of(answer), "total": int(length) if length.isdigit() else None}
    forget(part)  # first: a kill in between must not pair the new state with old bytes
    if state["version"] and state["total"]:
        write_json(state_path(part), state)
    return state


def is_rest(answer: requests.Response, start: int, state: dict) -> bool:
    """Whether a partial response continues the same version at `start`: not every server honours If-Range."""
    span = answer.headers.get("Content-Range", "")
    right = span.startswith(f"bytes {start}-") and span.endswith(f"/{state['total']}")
    return right and version_of(answer) in ("", state["version"])


def version_of(answer: requests.Response) -> str:
    """Return the validator for If-Range (RFC 9110, 13.1.5): strong ETag or date; empty if there is none."""
    etag = answer.headers.get("ETag")
    if etag:
        return "" if etag.startswith("W/") else etag
    return answer.headers.get("Last-Modified", "")


def state_path(part: Path) -> Path:
    """The file that says what `part` is the beginning of."""
    return part.with_name(f"{part.name}.json")


def read_state(part: Path, url: str) -> dict:
    """Return the state of `part` written by `begin`; empty if unknown or of another `url`."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # a power cut may leave anything
        state = json.loads(state_path(part).read_text(encoding="utf-8"))
        return state if state["url"] == public(url) else {}
    return {}


def size_of(part: Path) -> int:
    """Bytes that were downloaded so far."""
    return part.stat().st_size if part.exists() else 0


def forget(part: Path) -> None:
    """Delete a partial download and its state."""
    part.unlink(missing_ok=True)
    state_path(part).unlink(missing_ok=True)
