"""Fetch a file over HTTP: mirrors in order, resumed after a cut, checked before it gets its name."""

import contextlib
import logging
import time
import zipfile
import zlib
from pathlib import Path

import requests

from lesionflow.files import InputError, file_digest, progress, read_json, write_json

TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of the answer
PAUSES = (1, 4, 15)  # seconds before the tries that follow one which brought nothing new
CHUNK = 1 << 16  # bytes; what a cut can lose


def download(
    urls: list[str], path: Path, *, part: Path, sha256: str | None = None, images: int | None = None
) -> None:
    """Fetch `path` from the first of `urls` that serves it right.

    `part` holds what has come so far and outlives a killed or failed call; beside it, `part`.json says
    which version of which URL it is the beginning of. It never continues another one. `part` must be on
    the file system of `path`. `sha256` is the digest in hexadecimal, or the head of it. A .zip is read
    through, and must hold `images` image files when that is given.

    Raises InputError when no URL serves the file right, or when the disk does not take it.
    """
    failures = []
    # Mirrors need not serve the same version, so a part goes on only where it began: that URL comes first.
    for url in sorted(urls, key=lambda url: not read_state(part, url)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            fetch(url, part)
            fault = find_fault(part, path.suffix.lower(), sha256, images)
            if not fault:
                part.replace(path)
            forget(part)
        except requests.RequestException as error:
            fault = describe(error)
        except OSError as error:  # after the clause above, all that is left is the disk
            raise InputError(
                f"{path.name} cannot be written to {part.parent} ({error.strerror}): make room there and run "
                "again, what has come so far is kept."
            ) from error
        if not fault:
            return
        logging.warning("%s: %s", url, fault)
        failures.append(f"{url}: {fault}")
    raise InputError(
        f"{path.name} cannot be downloaded ({'; '.join(failures)}): run again when this is mended, or get the "
        f"file by other means and put it at {path.absolute()}."
    )


def fetch(url: str, part: Path) -> None:
    """Bring `part` to its full length from `url`; give up after as many fruitless tries as there are PAUSES."""
    furthest, fruitless = size_of(part), 0
    while True:
        try:
            return ask(url, part)
        except requests.RequestException as caught:
            error = caught
        if size_of(part) > furthest:
            furthest, fruitless = size_of(part), 0
        if is_final(error) or fruitless == len(PAUSES):
            raise error
        logging.warning("%s: %s; trying again in %d s", url, describe(error), PAUSES[fruitless])
        time.sleep(PAUSES[fruitless])
        fruitless += 1


def ask(url: str, part: Path) -> None:
    """Make one request for what `part` lacks and write what comes; requests.RequestException if not all does."""
    state = read_state(part, url)
    start = size_of(part) if state else 0
    if state and start == state["total"]:
        return
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": state["version"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if start and (answer.status_code == 416 or not is_rest(answer, start, state)):
            forget(part)
            raise requests.ConnectionError("the file has changed on the server")
        answer.raise_for_status()
        if answer.status_code == 200:
            start, total = 0, begin(answer, url, part)
        elif start:
            total = state["total"]
        else:
            raise requests.HTTPError("no whole file", response=answer)
        logging.info("%s: from byte %d of %s", url, start, total or "unknown")
        bar = progress(None, initial=start, total=total, unit="B", unit_scale=True, desc=part.stem)
        with bar, open(part, "ab") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and size_of(part) != total:
        if size_of(part) > total:
            forget(part)
        raise requests.ConnectionError(f"the server announced {total} bytes and sent another number")


def begin(answer: requests.Response, url: str, part: Path) -> int | None:
    """Start `part` anew for a whole file; return its length in bytes, if the server tells."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise requests.HTTPError("compressed on the way, though not asked for")
    length = answer.headers.get("Content-Length")
    # The old bytes go before the new state comes: a kill in between must not marry them.
    forget(part)
    if length and version_of(answer):
        write_json(state_path(part), {"url": url, "version": version_of(answer), "total": int(length)})
    return int(length) if length else None


def is_rest(answer: requests.Response, start: int, state: dict) -> bool:
    """False for a partial answer that does not continue the bytes we have: some servers ignore If-Range."""
    return answer.status_code != 206 or (
        answer.headers.get("Content-Range") == f"bytes {start}-{state['total'] - 1}/{state['total']}"
        and version_of(answer) in ("", state["version"])
    )


def version_of(answer: requests.Response) -> str:
    """What If-Range may name this version of the file by (RFC 9110, 13.1.5); empty if nothing may."""
    etag = answer.headers.get("ETag")
    if etag:
        return "" if etag.startswith("W/") else etag
    return answer.headers.get("Last-Modified", "")


def is_final(error: requests.RequestException) -> bool:
    """True for what a second try will not mend: a bad URL, a firewall that drops all, a 404 or its like."""
    if error.response is not None:
        return error.response.status_code < 500 and error.response.status_code not in (408, 429)
    return isinstance(error, ValueError | requests.ConnectTimeout)


def describe(error: BaseException) -> str:
    """The cause of a failed request in a few words; requests wraps it in up to four exceptions."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    while error.__context__:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error)


def find_fault(part: Path, suffix: str, sha256: str | None, images: int | None) -> str:
    """Why the bytes in `part` are not the file that was wanted; empty if they are."""
    if not size_of(part):
        return "the file is empty"
    if sha256 and not (digest := file_digest(part)).startswith(sha256.lower()):
        return f"its sha256 is {digest} where {sha256} is expected"
    return find_zip_fault(part, images) if suffix == ".zip" else ""


def find_zip_fault(part: Path, images: int | None) -> str:
    """Why the archive is not sound (every member is read), or has not as many images; empty if all is well."""
    try:
        with zipfile.ZipFile(part) as archive:
            members = archive.infolist()
            for member in progress(members, unit="file", desc=f"checking {part.stem}"):
                with archive.open(member) as stream:
                    while stream.read(1 << 20):  # to the end, where zipfile compares the CRC-32
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        return f"the zip is damaged, {error}"
    names = [Path(member.filename) for member in members if not member.filename.startswith("__MACOSX")]
    found = sum(name.suffix.lower() in {".jpg", ".jpeg", ".png"} for name in names)
    return "" if images in (None, found) else f"it holds {found} images where {images} are expected"


def state_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def read_state(part: Path, url: str) -> dict:
    """Version and total length in bytes of the file that `part` begins, if it began at `url`; else empty."""
    with contextlib.suppress(OSError, ValueError):
        state = read_json(state_path(part))
        return state if state["url"] == url and part.exists() else {}
    return {}


def size_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    state_path(part).unlink(missing_ok=True)
