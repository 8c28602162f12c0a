"""Temporary files and folders: named after the process that writes them, removed when that process is dead."""

import contextlib
import os
import platform
import re
import shutil
import time
from hashlib import sha256
from pathlib import Path

# On a cluster a job that was given up may still be alive on a lost node beside its second attempt, where nobody can
# look for its process. No job runs for this long.
GIVEN_UP = 7 * 24 * 3600  # seconds


def machine() -> str:
    """Eight hexadecimal digits for the scope of process numbers: a host, and a container on it."""
    with contextlib.suppress(OSError):
        return sha256(f"{platform.node()} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:8]
    return sha256(platform.node().encode()).hexdigest()[:8]


def attempt_prefix(start: str) -> str:
    """How the name of a temporary file or folder of this process begins, for `tempfile`."""
    return f"{start}{machine()}-{os.getpid()}-"


def is_dead(path: Path, where: str, process: int) -> bool:
    """Whether nobody will finish the temporary `path` of `process` on the machine `where`."""
    if where == machine():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False  # it is another user's
    return time.time() - path.lstat().st_mtime > GIVEN_UP


def remove_dead(folder: Path, start: str) -> None:
    """Remove from `folder` what dead attempts left under an `attempt_prefix` of `start`."""
    name = re.compile(re.escape(start) + r"([0-9a-f]{8})-(\d+)-.*")
    for path in list(folder.iterdir()):
        found = name.fullmatch(path.name)
        with contextlib.suppress(OSError):  # another attempt was quicker, or it is another user's
            if found and is_dead(path, found[1], int(found[2])):
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until the disk has the file, or the entries of the folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some file systems cannot flush folders
            raise
    finally:
        os.close(handle)


def put(temporary: Path, path: Path) -> None:
    """Rename a file or folder, so that after a loss of power it is at `path` whole or not at all."""
    for each in [*temporary.rglob("*"), temporary]:
        flush(each)
    if temporary.is_dir():
        remove(path)
    temporary.replace(path)
    flush(path.parent)
