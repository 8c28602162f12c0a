"""Whole files and digests: what every step needs before it starts and when it ends."""

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

from lesionflow.attempts import attempt_prefix, put, remove, remove_dead
from lesionflow.listing import walk


class InputError(Exception):
    """Something that the user gave, or that lies on the disk, cannot be used: the text says what, where and how to
    fix it.
    """


def atomic_write(path: str | Path) -> contextlib.AbstractContextManager[Path]:
    """Yield a name of this attempt's own beside `path`; rename it to `path` when the block ends well.

    What attempts that were killed left there is removed first.
    """

    def make(**names: Any) -> str:
        handle, name = tempfile.mkstemp(**names)
        os.close(handle)
        return name

    return _attempt(Path(path), make, 0o666)


def atomic_folder(path: str | Path) -> contextlib.AbstractContextManager[Path]:
    """As `atomic_write`, a folder; the one that was at `path` goes when the new one is done."""
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
        if error.filename in (None, str(temporary)):  # what fails while it is written does not name it
            error.filename = str(path)
        raise
    finally:
        remove(temporary)


def allow_others(path: Path, mode: int) -> None:
    """Undo that `tempfile` keeps its files from others: `mode` but for what the umask takes away."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)


@contextlib.contextmanager
def local_copies(files: Sequence[str | Path], copy: bool) -> Iterator[list[str]]:
    """Yield the files' paths, or those of copies in $TMPDIR that last as long as the block, under the same names."""
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
    """Write `text` to `path`, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Read `path`, a result of ours, in the block: what fails there means that the file is damaged (`damaged`).

    The block only reads, parses and checks what it read. Files that the user gives are never read in it.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, EOFError) as error:
        raise damaged(path, error) from None


def damaged(path: str | Path, why: object) -> InputError:
    """The error to raise for a result of ours that is damaged, which is removed where the command can recreate it.

    Only what a rule makes has a relative path in results/ or resources/. A model that the user names has an absolute
    one, so that no rule trains it again: it stays.
    """
    what = f"{path} is damaged ({first_line(why)})"
    if Path(path).parts[0] not in ("results", "resources"):
        return InputError(f"{what}: replace it with a good copy, or delete it and create it again.")
    Path(path).unlink(missing_ok=True)
    return InputError(f"{what} and was removed: start the same command again to recreate it.")


def first_line(error: object) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Record(dict):
    """A JSON object of the file `path`: a key that it lacks is damage."""

    path: str | Path

    def __missing__(self, key: str) -> None:
        raise damaged(self.path, f"it has no {key!r}")


def read_json(path: str | Path) -> Record:
    """The object in a JSON file of ours; raises InputError where the file, or later a key that is asked for, is not
    as we wrote it.
    """
    with reading(path):
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it holds no JSON object")
    record = Record(value)
    record.path = path
    return record


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing_digest(path: str | Path) -> str:
    """SHA-256 of the names, sizes and dates of the files in a folder, at whatever depth, or of the file at `path`.

    A folder's own date, which Snakemake compares, misses most changes of what is in it. FileNotFoundError if there
    is nothing at `path`.
    """
    root, files = Path(path), [Path(path)]
    if root.is_dir():
        files = [Path(folder, name) for folder, _, names in walk(root) for name in names]
    states = {}
    for file in files:
        try:
            state = file.stat()
        except OSError:  # a link to nothing is a file too
            state = file.lstat()
        states[str(file.relative_to(root))] = (state.st_size, state.st_mtime_ns)
    return value_digest(states)


def value_digest(value: Any) -> str:
    """SHA-256 of a value that JSON can hold; the order of keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
