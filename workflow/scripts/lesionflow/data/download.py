"""HTTP download with ordered mirrors, resumption after interruptions, and verification before the final rename."""

import contextlib
import logging
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from lesionflow.data.download_state import begin, forget, is_rest, read_state, size_of
from lesionflow.file_faults import find_fault
from lesionflow.files import InputError
from lesionflow.logs import progress
from lesionflow.urls import public

NO_URL = (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of a response
PAUSES = (1, 4, 15)  # seconds before each retry
CHUNK = 1 << 16  # bytes; the maximum loss of an interruption
WINDOW = 60  # seconds in which at least one CHUNK must arrive: a server may send single bytes forever


def download(urls: list[str], path: Path, *, part: Path, sha256: str | None = None, images: int | None = None) -> None:
    """Download `path` from the first of `urls` that serves the expected file.

    `part`, on the same file system as `path`, holds the partial file and survives a killed or failed call. `sha256` is
    the hexadecimal digest or its leading digits. All members of a .zip are read, and its images are counted if `images`
    is given; a .csv without digest must not end within a row. Secrets in URLs appear in no message, log or file. Raises
    InputError if no URL serves the expected file, or if the file cannot be written.
    """
    faults = []
    # Mirrors may hold different versions: a partial file is resumed only from its own URL, which comes first.
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
        except OSError as error:  # a disk error: those of requests were caught above
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
    """Complete `part`, and return whether its length is certain: some servers do not report it.

    Raises the last error if more consecutive attempts than PAUSES make no progress.
    """
    furthest, fruitless = size_of(part), 0
    while True:
        try:
            with watch(part):
                return ask(url, part)
        except requests.RequestException as caught:
            error = caught
        except ValueError as caught:  # from Python's URL parser
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
    """Raise requests.ReadTimeout in the block, in the main thread, if `part` has not grown for WINDOW seconds.

    The timeouts of requests apply to each piece of a response, which may be a single byte of a header.
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
    """Request the missing bytes of `part`, and return whether the file is certainly complete.

    Raises requests.RequestException unless all of them arrive.
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
    if state["total"] not in (None, size_of(part)):  # a complete response may cover only a piece of the range
        raise requests.ConnectionError(f"{size_of(part)} of {state['total']} bytes arrived")
    return state["total"] is not None or answer.headers.get("Transfer-Encoding", "").lower() == "chunked"


def is_final(error: requests.RequestException) -> bool:
    """Whether retrying is pointless: an invalid URL, a connection timeout or a client error such as 404."""
    if error.response is not None:
        return error.response.status_code < 500 and error.response.status_code not in (408, 429)
    return isinstance(error, ValueError | requests.ConnectTimeout)


def describe(error: requests.RequestException) -> str:
    """Return the cause of a failed request in a few words: requests wraps it in up to four exceptions."""
    if error.response is not None:
        return printable(f"HTTP {error.response.status_code} {error.response.reason}")
    if isinstance(error, NO_URL):
        return "this is not a URL of the form https://HOST/FILE, or redirects to one that is not"
    cause: BaseException = error
    while cause.__context__:
        cause = cause.__context__
    return getattr(cause, "strerror", None) or printable(public(str(cause)))


def printable(text: str) -> str:
    """Return text from a server as one line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()
