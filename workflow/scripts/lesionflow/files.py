"""Atomic writing, reading and digests of files."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lesionflow.listing import walk
from lesionflow.temporary_files import attempt_prefix, put, remove, remove_dead


class InputError(Exception):
    """An unusable input or file; the message states what is wrong, where, and how to fix it."""


def atomic_write(path: str | Path) -> contextlib.AbstractContextManager[Path]:
    """Yield a temporary path beside `path` and rename it to `path` if the block succeeds.

    Temporary files of killed attempts are removed first.
    """

    def make(**names: Any) -> str:
        handle, name = tempfile.mkstemp(**names)
        os.close(handle)
        return name

    return _attempt(Path(path), make, 0o666)


def atomic_folder(path: str | Path) -> contextlib.AbstractContextManager[Path]:
    """As `atomic_write`, for a folder; replaces an existing folder at `path` on success."""
    return _attempt(Path(path), tempfile.mkdtemp, 0o777)


@contextlib.contextmanager
def _attempt(path: Path, make: Callable[..., str], mode: int) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    start = f".{path.name}."
    remove_dead(path.parent, start)
    temporary = Path(make(dir=path.parent, prefix=attempt_prefix(start), suffix=path.suffix))
    try:
        yield temporary
        allow_others(temporary, mode)
        put(temporary, path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # errors while writing name no file
            error.filename = str(path)
        raise
    finally:
        remove(temporary)


def allow_others(path: Path, mode: int) -> None:
    """Apply the umask to `mode`: `tempfile` creates files as 0600 and folders as 0700."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)


@contextlib.contextmanager
def local_copies(files: Sequence[str | Path], copy: bool) -> Iterator[list[str]]:
    """Yield the paths of the files or, if `copy`, of copies in $TMPDIR with the same names, removed after the block."""
    if not copy:
        yield [str(file) for file in files]
        return
    remove_dead(Path(tempfile.gettempdir()), "lesionflow_")
    with tempfile.TemporaryDirectory(prefix=attempt_prefix("lesionflow_")) as folder:
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
    """Write `text` to `path` atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON atomically."""
    write_text(path, json.dumps(value, indent=2) + "\n")


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Context for reading a result at `path`: parsing and validation errors become the error of `damaged`.

    The block only reads, parses and validates. User files must not be read in it.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, EOFError) as error:
        raise damaged(path, error) from None


def damaged(path: str | Path, why: object) -> InputError:
    """Return the InputError for a damaged result, and remove the file if a rule can recreate it.

    Only outputs of rules have relative paths in results/ or resources/. Models named by the user have absolute paths,
    so that no rule retrains them; they are kept.
    """
    what = f"{path} is damaged ({first_line(why)})"
    if Path(path).parts[0] not in ("results", "resources"):
        return InputError(f"{what}: replace it with a good copy, or delete it and create it again.")
    for file in (Path(path).resolve(), Path(path)):  # a link into Snakemake's cache, and what it leads to
        file.unlink(missing_ok=True)
    return InputError(f"{what} and was removed: start the same command again to recreate it.")


def first_line(error: object) -> str:
    """Return the first line of an error's message, or the error's type if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Record(dict):
    """A JSON object read from `path`; a missing key raises the error of `damaged`."""

    path: str | Path

    def __missing__(self, key: str) -> None:
        raise damaged(self.path, f"it has no {key!r}")


def read_json(path: str | Path) -> Record:
    """Read the JSON object in a result file. Raises InputError if the file is damaged or a requested key is missing."""
    with reading(path):
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
    record = Record(value)
    record.path = path
    return record


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing_digest(path: str | Path) -> str:
    """Return the SHA-256 of the names, sizes and dates of a file, or of all files below a folder.

    Snakemake compares only the folder's own date, which misses most changes in it. Raises FileNotFoundError if `path`
    does not exist.
    """
    root, files = Path(path), [Path(path)]
    if root.is_dir():
        files = [Path(folder, name) for folder, _, names in walk(root) for name in names]
    states = {}
    for file in files:
        try:
            state = file.stat()
        except OSError:  # a dangling link counts as a file
            state = file.lstat()
        states[str(file.relative_to(root))] = (state.st_size, state.st_mtime_ns)
    return value_digest(states)


def value_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-serialisable value, regardless of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
