"""Temporary files and folders: named after their process, removed once that process is dead."""

import contextlib
import os
import platform
import re
import shutil
import time
from hashlib import sha256
from pathlib import Path

# On a cluster, an abandoned job may still run on an unreachable node beside its second attempt; its process cannot be
# checked from here. No job runs longer than this.
GIVEN_UP = 7 * 24 * 3600  # seconds


def machine() -> str:
    """Return eight hexadecimal digits that identify the host and, in a container, its process namespace."""
    with contextlib.suppress(OSError):
        return sha256(f"{platform.node()} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:8]
    return sha256(platform.node().encode()).hexdigest()[:8]


def attempt_prefix(start: str) -> str:
    """Return the `tempfile` prefix for temporary files and folders of this process."""
    return f"{start}{machine()}-{os.getpid()}-"


def is_dead(path: Path, where: str, process: int) -> bool:
    """Whether `process`, which created the temporary `path` on the machine `where`, no longer runs."""
    if where == machine():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False  # another user's process
    return time.time() - path.lstat().st_mtime > GIVEN_UP


def remove_dead(folder: Path, start: str) -> None:
    """Remove from `folder` the temporary files of dead processes with an `attempt_prefix` of `start`."""
    name = re.compile(re.escape(start) + r"([0-9a-f]{8})-(\d+)-.*")
    for path in list(folder.iterdir()):
        found = name.fullmatch(path.name)
        with contextlib.suppress(OSError):  # removed by another attempt, or owned by another user
            if found and is_dead(path, found[1], int(found[2])):
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Force a file, or the entries of a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some file systems cannot flush folders
            raise
    finally:
        os.close(handle)


def put(temporary: Path, path: Path) -> None:
    """Rename a file or folder to `path`, complete or not at all even after a power loss."""
    for each in [*temporary.rglob("*"), temporary]:
        flush(each)
    if temporary.is_dir():
        remove(path)
    temporary.replace(path)
    flush(path.parent)
