"""The lock on a folder that a killed run leaves behind, and how to know that nobody holds it any more.

Snakemake locks a folder by files in it, which outlive SIGKILL and power cuts. Beside them each run holds a lock of the
operating system, which ends with its process. Other machines may not see that one, so each run writes down its own.
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

RECORD = "lesionflow_runs.txt"  # the machines whose runs can have left Snakemake's lock: host name and boot, one a line
BOOT = Path("/proc/sys/kernel/random/boot_id")  # of Linux; the same in all containers of a machine
HELD = contextlib.ExitStack()  # what is open, and by that locked, for as long as this process lives


def enter(folder: Path, dry: bool) -> str:
    """Begin in a working folder; `folder` is .snakemake in it. Returns a sentence where there is something to say.

    Snakemake's lock of a run that is known to be dead is removed. A dry run changes nothing. Raises InputError where
    nothing can be written.
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
    """Be one of the runs in `folder` until this process ends. The first of them removes the lock of a dead one."""
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
    said = settle(folder, record) if alone else join_others(folder, record)
    fcntl.flock(record, fcntl.LOCK_SH)
    return said


def settle(folder: Path, record: TextIO) -> str:
    """What to do and say as the only run on this machine; until this ends, no other one begins here."""
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
    """What to do and say where another run is active on this machine."""
    machines = read_machines(record)
    if machines and this_machine() not in machines:  # without any, it is not known who left the lock
        write_machine(record)
    locked = "Another run is active in this folder: if Snakemake says that it is locked, wait, and do not unlock it."
    return locked if left_locks(folder) else ""


def left_locks(folder: Path) -> list[Path]:
    """Snakemake's lock: its files."""
    return sorted((folder / "locks").glob("*.lock"))


def this_machine() -> str:
    """The name of this machine and the number of its last start."""
    return f"{socket.gethostname()} {BOOT.read_text().strip() if BOOT.exists() else ''}".strip()


def is_here(machine: str) -> bool:
    """Whether `machine` is this one, also before it last started, or another container on it."""
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
    """What to do where it cannot be known whether a run still holds the lock."""
    where = " or ".join(machine.split(" ")[0] for machine in machines)
    whose = f"a run on {where}" if where else "a run on an unknown machine"
    command = shlex.join(["snakemake", "--unlock", *sys.argv[1:]])
    return f"This folder is locked by {whose}: if no run is active in it any more, enter `{command}` and start again."
