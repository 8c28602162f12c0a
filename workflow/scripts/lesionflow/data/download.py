"""Fetch a file over HTTP: mirrors in order, resumed after an interruption, checked before it gets its name."""

import contextlib
import logging
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from lesionflow.data.partial_download import begin, forget, is_rest, read_state, size_of
from lesionflow.file_faults import find_fault
from lesionflow.files import InputError
from lesionflow.logs import progress
from lesionflow.urls import public

NO_URL = (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of an answer
PAUSES = (1, 4, 15)  # seconds before the tries that follow a fruitless one
CHUNK = 1 << 16  # bytes; the most that an interruption can lose
WINDOW = 60  # seconds in which at least one CHUNK must come: a server may send single bytes for ever


def download(urls: list[str], path: Path, *, part: Path, sha256: str | None = None, images: int | None = None) -> None:
    """Fetch `path` from the first of `urls` that serves it right.

    `part`, on the file system of `path`, holds what has come so far and outlives a killed or failed call.
    `sha256` is the digest in hexadecimal, or the head of it. Of a .zip every member is read, and the image
    files are counted when `images` is given; a .csv without digest must not end in the middle of a row. Raises
    InputError when no URL serves the file right, or when the disk does not take it. What can be secret in a URL is
    in no message, log or file.
    """
    faults = []
    # Mirrors may hold different versions, so a part goes on only at the URL where it began: that one comes first.
    for url in sorted(urls, key=lambda url: not read_state(part, url)):
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            certain = fetch(url, part)
            fault = find_fault(part, path.suffix.lower(), sha256, images, certain)
            if not fault:
                part.replace(path)
            forget(part)
        except requests.RequestException as error:
            fault = describe(error)
        except OSError as error:  # requests' own are OSErrors too, so this is the disk
            raise InputError(
                f"{path.name} cannot be written to {part.parent.absolute()} ({error.strerror}): fix this and run "
                "again; what has been downloaded so far is kept."
            ) from error
        if not fault:
            return
        faults.append(f"{public(url)}: {fault}")
        logging.warning(faults[-1])
    raise InputError(
        f"{path.name} cannot be downloaded ({'; '.join(faults)}): fix this and run again, or get the file by other "
        f"means and put it at {path.absolute()}."
    )


def fetch(url: str, part: Path) -> bool:
    """Bring `part` to its full length; raises the last error after more fruitless tries in a row than PAUSES.

    Returns whether that length is certain: some servers do not say it.
    """
    furthest, fruitless = size_of(part), 0
    while True:
        try:
            with watch(part):
                return ask(url, part)
        except requests.RequestException as caught:
            error = caught
        except ValueError as caught:  # from Python's own reading of a URL
            error = requests.exceptions.InvalidURL(caught)
        if size_of(part) > furthest:
            furthest, fruitless = size_of(part), 0
        if is_final(error) or fruitless == len(PAUSES):
            raise error
        logging.warning("%s: %s; next try in %s s", public(url), describe(error), PAUSES[fruitless])
        time.sleep(PAUSES[fruitless])
        fruitless += 1


@contextlib.contextmanager
def watch(part: Path) -> Iterator[None]:
    """Raise requests.ReadTimeout in the block, in the main thread, when `part` has not grown for WINDOW seconds.

    The timeouts of requests are for every piece of an answer, which may be a byte of a header.
    """
    before = size_of(part)

    def look(*_: object) -> None:
        nonlocal before
        if size_of(part) == before:
            raise requests.ReadTimeout(f"less than {CHUNK >> 10} kB arrived in {WINDOW} s")
        before = size_of(part)

    handler = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, WINDOW, WINDOW)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def ask(url: str, part: Path) -> bool:
    """Make one request for the bytes that `part` lacks; requests.RequestException unless all of them come.

    Returns whether it is certain that these are all.
    """
    state = read_state(part, url)
    start = size_of(part) if state else 0
    if state and start == state["total"]:
        return True
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": state["version"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        rest = start > 0 and answer.status_code == 206 and is_rest(answer, start, state)
        if answer.status_code in (206, 416) and not rest:
            forget(part)
            raise requests.ConnectionError("the server's answer does not continue the partial file")
        answer.raise_for_status()
        if not rest:
            start, state = 0, begin(answer, url, part)
        logging.info("%s: from byte %d of %s", public(url), start, state["total"] or "an unknown number")
        bar = progress(None, initial=start, total=state["total"], unit="B", unit_scale=True, desc=part.stem)
        with bar, open(part, "ab") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if state["total"] not in (None, size_of(part)):  # an answer may be whole and yet only a piece of the rest
        raise requests.ConnectionError(f"{size_of(part)} of {state['total']} bytes arrived")
    return state["total"] is not None or answer.headers.get("Transfer-Encoding", "").lower() == "chunked"


def is_final(error: requests.RequestException) -> bool:
    """True for what another try will not change: a bad URL, a firewall that swallows all, a 404 and its like."""
    if error.response is not None:
        return error.response.status_code < 500 and error.response.status_code not in (408, 429)
    return isinstance(error, ValueError | requests.ConnectTimeout)


def describe(error: requests.RequestException) -> str:
    """Why a request failed, in a few words: requests wraps the cause in up to four exceptions."""
    if error.response is not None:
        return printable(f"HTTP {error.response.status_code} {error.response.reason}")
    if isinstance(error, NO_URL):
        return "this is not a URL of the form https://HOST/FILE, or redirects to one that is not"
    cause: BaseException = error
    while cause.__context__:
        cause = cause.__context__
    return getattr(cause, "strerror", None) or printable(public(str(cause)))


def printable(text: str) -> str:
    """One line of what a server may have said, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()
