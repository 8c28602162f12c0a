"""Logs, whole files and digests: what every step needs before it starts and when it ends."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm


class InputError(Exception):
    """Something that the user gave cannot be used. The text says what, where and how to mend it."""


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send everything that a step says to `log`; end on an InputError with its one sentence, no traceback."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with (
        open(log, "w", buffering=1) as stream,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        logging.basicConfig(stream=stream, level=logging.INFO, format="%(asctime)s %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield
        except InputError as error:
            logging.error("Error: %s", error)
            sys.exit(1)
        except Exception:
            logging.exception("This is a fault in Lesionflow, please report it:")
            sys.exit(1)


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a name of this attempt's own beside `path`; rename it to `path` when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        allow_others(temporary, 0o666)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """As `whole`, a folder; the one that was at `path` goes when the new one is done."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        allow_others(temporary, 0o777)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def allow_others(path: Path, mode: int) -> None:
    """Undo that `tempfile` keeps its files from others: `mode` but for what the umask takes away."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)


@contextlib.contextmanager
def nearby(files: Sequence[str | Path], copy: bool) -> Iterator[list[str]]:
    """Yield the files' paths, or those of copies in $TMPDIR that last as long as the block, under the same names."""
    if not copy:
        yield [str(file) for file in files]
        return
    with tempfile.TemporaryDirectory(prefix="lesionflow_") as folder:
        try:
            copies = [shutil.copyfile(file, Path(folder, Path(file).name)) for file in files]
        except OSError as error:
            raise InputError(
                f"The packed images cannot be copied to {folder} ({error.strerror}): "
                "set TMPDIR to a disk with room for them, or `copy_store: false`."
            ) from error
        logging.info("Reading copies in %s", folder)
        yield [str(copy) for copy in copies]


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing_digest(path: str | Path) -> str:
    """SHA-256 of the names, sizes and dates of the files in a folder, at whatever depth, or of the file at `path`.

    The date of a folder, which Snakemake sees, tells of most changes in it nothing.
    """
    path = Path(path)
    files = [Path(folder, name) for folder, _, names in os.walk(path) for name in names] if path.is_dir() else [path]
    states = ((file, file.lstat()) for file in sorted(files))
    return value_digest([(str(file.relative_to(path)), state.st_size, state.st_mtime_ns) for file, state in states])


def value_digest(value: Any) -> str:
    """SHA-256 of a value that JSON can hold; the order of keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def progress(items: Iterable | None = None, **bar: Any) -> tqdm:
    """A tqdm bar on the terminal, or a line every half minute in the log of a step that has none."""
    terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    stream = sys.__stderr__ if terminal else sys.stderr
    return tqdm(items, file=stream, mininterval=0.5 if terminal else 30, **bar)
