"""Snakemake's lock: removed when all runs that can have left it are dead, and only then."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lesionflow.config import locks
from lesionflow.files import InputError

RELEASED = "was killed: the lock is removed"
OTHER = "Another run is active in this folder"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """A .snakemake folder on the machine `here`."""
    monkeypatch.setattr(locks, "this_machine", lambda: "here boot1")
    (tmp_path / "locks").mkdir()
    yield tmp_path
    locks.HELD.close()


def begin(folder: Path) -> tuple[ExitStack, str]:
    """What holds a run that begins, and what it says; closing it is the run's end, in whatever way."""
    said = locks.enter(folder, dry=False)
    return locks.HELD.pop_all(), said


def lock(folder: Path) -> list[Path]:
    """Lock as Snakemake does."""
    files = [folder / f"locks/{len(list(folder.glob('locks/*')))}.{kind}.lock" for kind in ("input", "output")]
    for file in files:
        file.write_text("results/a\n")
    return files


def locked(folder: Path) -> bool:
    return any((folder / "locks").iterdir())


def test_a_first_run_says_nothing(folder):
    assert begin(folder)[1] == ""


def test_the_lock_of_a_dead_run_is_removed(folder):
    run, _ = begin(folder)
    lock(folder)
    run.close()
    assert locks.enter(folder, dry=True) == "" and locked(folder)
    run, said = begin(folder)
    assert RELEASED in said and not locked(folder)
    assert OTHER not in begin(folder)[1]  # it has not locked yet
    run.close()


def test_the_lock_of_a_run_at_work_stays(folder):
    first, _ = begin(folder)
    lock(folder)
    second, said = begin(folder)
    assert OTHER in said and locked(folder)
    first.close()
    assert OTHER in begin(folder)[1] and locked(folder)  # the second may hold a part of the lock
    second.close()


@pytest.mark.parametrize(
    ("machine", "known"),
    [
        ("here boot1", True),
        ("here boot0", True),  # before a power cut
        ("container boot1", True),  # another name for the same machine
        ("elsewhere boot2", False),
        ("elsewhere", False),
        ("here", True),
    ],
)
def test_a_lock_from_another_machine_stays(folder, monkeypatch, machine, known):
    monkeypatch.setattr(locks, "this_machine", lambda: machine)
    run, _ = begin(folder)
    lock(folder)
    run.close()
    monkeypatch.setattr(locks, "this_machine", lambda: "here boot1")
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "2", "--configfile", "my config.yaml"])
    run, said = begin(folder)
    assert locked(folder) != known
    if known:
        assert RELEASED in said
        return
    assert "locked by a run on elsewhere: if no run is active in it any more, enter" in said
    assert "`snakemake --unlock --cores 2 --configfile 'my config.yaml'`" in said
    run.close()
    assert locks.enter(folder, dry=False) == said  # beginning here has not made it ours


def test_a_lock_of_unknown_origin_stays(folder):
    files = lock(folder)
    run, said = begin(folder)
    assert "a run on an unknown machine" in said and locked(folder)
    assert OTHER in begin(folder)[1]
    run.close()
    for file in files:  # --unlock
        file.unlink()
    run, said = begin(folder)
    lock(folder)
    run.close()
    assert said == "" and RELEASED in begin(folder)[1]


def test_a_file_system_without_locks(folder, monkeypatch):
    def flock(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert begin(folder)[1] == ""
    lock(folder)
    assert "unknown machine" in begin(folder)[1] and locked(folder)


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / ".snakemake").write_text("")
    with pytest.raises(InputError, match=r"cannot be written to \(File exists\): work in another folder with"):
        locks.enter(tmp_path / ".snakemake", dry=True)


def test_a_child_does_not_hold_the_lock(folder):
    run, _ = begin(folder)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    lock(folder)
    run.close()
    assert RELEASED in begin(folder)[1]
    child.kill()
    child.wait()
