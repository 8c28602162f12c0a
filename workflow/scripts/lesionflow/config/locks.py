"""Stale locks on a working folder, and how to tell that the locking run is dead.

Snakemake locks a folder by files, which survive SIGKILL and power failures. Each run also holds a lock of the operating
system, which ends with its process. Other machines may not see it, so each run also records its machine.
"""

import contextlib
import errno
import fcntl
import os
import shlex
import socket
import sys
from pathlib import Path
from typing import TextIO

from lesionflow.files import InputError

RECORD = "lesionflow_runs.txt"  # machines whose runs may have left Snakemake's lock: host name, boot id
BOOT = Path("/proc/sys/kernel/random/boot_id")  # Linux only; equal in all containers of a machine
HELD = contextlib.ExitStack()  # open and thereby locked files, until this process ends


def enter(folder: Path, dry: bool) -> str:
    """Enter a working folder; `folder` is its .snakemake. Returns a message for the user, or an empty string.

    Removes Snakemake's lock if its run is known to be dead. A dry run changes nothing. Raises InputError if the folder
    is not writable.
    """
    try:
        folder.mkdir(exist_ok=True)
        return "" if dry else join_runs(folder)
    except OSError as error:
        raise InputError(
            f"{folder.parent.absolute()} cannot be written to ({error.strerror}): work in another folder with "
            "`--directory FOLDER`, or make it writable."
        ) from None


def join_runs(folder: Path) -> str:
    """Register as a run in `folder` until this process ends; the first run removes a stale lock."""
    record = HELD.enter_context((folder / RECORD).open("a+", encoding="utf-8"))
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL):
            raise
        return advice([]) if left_locks(folder) else ""  # a file system without such locks
    message = settle(folder, record) if alone else join_others(folder, record)
    fcntl.flock(record, fcntl.LOCK_SH)
    return message


def settle(folder: Path, record: TextIO) -> str:
    """Remove a stale lock as the only run on this machine, and return a message; no other run starts meanwhile."""
    machines, locks = read_machines(record), left_locks(folder)
    strangers = [machine for machine in machines if not is_here(machine)]
    if locks and (strangers or not machines):
        return advice(strangers)
    for lock in locks:
        lock.unlink()
    record.truncate(0)
    write_machine(record)
    return "The run that had locked this folder was killed: the lock is removed, and work continues." if locks else ""


def join_others(folder: Path, record: TextIO) -> str:
    """Register beside another active run on this machine, and return a message if the folder is locked."""
    machines = read_machines(record)
    if machines and this_machine() not in machines:  # if empty, the owner of the lock is unknown
        write_machine(record)
    locked = "Another run is active in this folder: if Snakemake says that it is locked, wait, and do not unlock it."
    return locked if left_locks(folder) else ""


def left_locks(folder: Path) -> list[Path]:
    """Return the files of Snakemake's lock."""
    return sorted((folder / "locks").glob("*.lock"))


def this_machine() -> str:
    """The name of this machine and the number of its last start."""
    return f"{socket.gethostname()} {BOOT.read_text().strip() if BOOT.exists() else ''}".strip()


def is_here(machine: str) -> bool:
    """Whether `machine` is this one, including before its last reboot, or another container on it."""
    (host, *boot), (own_host, *own_boot) = machine.split(" "), this_machine().split(" ")
    return host == own_host or (boot == own_boot != [])


def read_machines(record: TextIO) -> list[str]:
    """The machines that `record` names, one per line."""
    record.seek(0)
    return record.read().splitlines()


def write_machine(record: TextIO) -> None:
    """Add this machine to `record`, flushed to disk."""
    record.write(f"{this_machine()}\n")
    record.flush()
    os.fsync(record.fileno())


def advice(machines: list[str]) -> str:
    """Return instructions for a lock whose run may still be active."""
    where = " or ".join(machine.split(" ")[0] for machine in machines)
    whose = f"a run on {where}" if where else "a run on an unknown machine"
    command = shlex.join(["snakemake", "--unlock", *sys.argv[1:]])
    return f"This folder is locked by {whose}: if no run is active in it any more, enter `{command}` and start again."
