"""Whole files with more than one writer, copies of files on a node's own disk, damaged results."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
from helpers import REPOSITORY

from lesionflow.files import InputError, atomic_folder, atomic_write, local_copies, read_json, reading
from lesionflow.logs import job
from lesionflow.temporary_files import GIVEN_UP, attempt_prefix, machine


def test_two_writers_leave_one_whole_file(tmp_path):
    """A job on a lost node and its second attempt write the same output at the same time."""
    path = tmp_path / "model.pt"
    with atomic_write(path) as late:
        late.write_text("half of the first")
        with atomic_write(path) as second:
            assert late != second
            second.write_text("all of the second")
        assert path.read_text() == "all of the second"
        late.write_text("all of the first")
    assert path.read_text() == "all of the first"
    with pytest.raises(KeyError), atomic_write(path) as broken:
        broken.write_text("half")
        raise KeyError
    assert path.read_text() == "all of the first" and list(tmp_path.iterdir()) == [path]


def test_copies_last_as_long_as_they_are_used(tmp_path, monkeypatch):
    disk, shared = tmp_path / "disk", tmp_path / "shared"
    disk.mkdir()
    shared.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    (shared / "000.npy").write_bytes(b"pixels")
    with local_copies([shared / "000.npy"], copy=False) as files:
        assert files == [str(shared / "000.npy")]
    with local_copies([shared / "000.npy"], copy=True) as files:
        assert [Path(file).name for file in files] == ["000.npy"] and Path(files[0]).is_relative_to(disk)
        assert Path(files[0]).read_bytes() == b"pixels"
    assert not list(disk.iterdir())
    with pytest.raises(InputError, match="set TMPDIR"), local_copies([shared / "001.npy"], copy=True):
        pass


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\0" * 64, b"\xff\xfe{", b"[1]", b"null", b"{}"])
@pytest.mark.parametrize("folder", ["results", "resources/mine", "given"])
def test_a_damaged_result_is_removed_and_what_the_user_gave_is_not(tmp_path, monkeypatch, content, folder):
    monkeypatch.chdir(tmp_path)
    path = Path(folder, "some.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    ours = folder != "given"
    with pytest.raises(
        InputError, match="start the same command again" if ours else "replace it with a good copy"
    ) as caught:
        read_json(path)["a"]
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert path.exists() != ours


def test_a_damaged_result_is_removed_from_the_cache_that_it_came_from(tmp_path, monkeypatch):
    """Else the same command would take it from there again."""
    monkeypatch.chdir(tmp_path)
    cached, path = tmp_path / "cache/some.json", Path("results/some.json")
    for file in (cached, path):
        file.parent.mkdir()
    cached.write_text("half")
    path.symlink_to(cached)
    with pytest.raises(InputError, match="was removed"):
        read_json(path)
    assert not path.is_symlink() and not cached.exists()


def test_a_result_under_its_absolute_path_is_not_removed(tmp_path, monkeypatch):
    """So is a model named that the user chose for new images."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    path = tmp_path / "results/model.json"
    path.write_text("half")
    with pytest.raises(InputError, match="replace it with a good copy"):
        read_json(path)
    assert path.exists()


@pytest.mark.parametrize("content", ["", "a,b\n1,x\n", "a,c\n1,2\n", 'a,b\n"1,2\n'])
def test_a_damaged_table_is_removed(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    path = Path("results/table.csv")
    path.write_text(content)
    with pytest.raises(InputError, match=r"results/table.csv is damaged \(.+\) and was removed"), reading(path):
        pd.read_csv(path, usecols=["a", "b"], dtype={"b": int})
    assert not path.exists()


def test_what_the_machine_cannot_read_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    path = Path("results/table.csv")
    path.write_text("a")
    with pytest.raises(OSError, match="Input/output"), reading(path):
        raise OSError(5, "Input/output error")
    assert path.exists()


# Each starts to write and is killed, or waits for ever.
WRITERS = {
    "file": "with atomic_write('out/a.csv') as path: path.write_text('half'); {end}",
    "folder": "with atomic_folder('out/folders') as path: (path / 'a').write_text('half'); {end}",
    "copies": "with local_copies(['000.npy'], copy=True): {end}",
}


def start_writer(folder: Path, writer: str, end: str) -> subprocess.Popen:
    code = (
        "import os, signal, time\nfrom lesionflow.files import local_copies, atomic_write, atomic_folder\n"
        + WRITERS[writer]
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow/scripts"), "TMPDIR": str(folder / "out")}
    return subprocess.Popen([sys.executable, "-c", code.format(end=end)], cwd=folder, env=environment)


def write_again(folder: Path, writer: str) -> None:
    if writer == "file":
        with atomic_write(folder / "out/a.csv"), atomic_write(folder / "out/a.csv.b"):
            pass
    elif writer == "folder":
        with atomic_folder(folder / "out/folders"):
            pass
    else:
        with local_copies([folder / "000.npy"], copy=True):
            pass


@pytest.fixture
def writing(tmp_path, monkeypatch) -> Path:
    (tmp_path / "out").mkdir()
    (tmp_path / "000.npy").write_bytes(b"pixels")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "out"))
    return tmp_path


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_killed_attempt_leaves_goes_when_the_step_starts_again(writing, writer):
    killed = start_writer(writing, writer, "os.kill(os.getpid(), signal.SIGKILL)")
    assert killed.wait(60) == -signal.SIGKILL
    (left,) = (writing / "out").iterdir()
    write_again(writing, writer)
    assert not left.exists()


@pytest.mark.parametrize("writer", WRITERS)
def test_an_attempt_that_is_alive_keeps_what_it_writes(writing, writer):
    alive = start_writer(writing, writer, "time.sleep(600)")
    try:
        while not (left := list((writing / "out").iterdir())):
            time.sleep(0.05)
        write_again(writing, writer)
        assert left[0].exists()
    finally:
        alive.kill()
        alive.wait()


@pytest.mark.parametrize(("age", "stays"), [(GIVEN_UP / 2, True), (GIVEN_UP * 2, False)])
def test_attempts_on_other_machines_are_given_up_after_a_week(tmp_path, age, stays):
    left = tmp_path / f"{attempt_prefix('.a.csv.').replace(machine(), '0123abcd')}xxx.csv"
    left.write_text("half")
    os.utime(left, (time.time() - age,) * 2)
    with atomic_write(tmp_path / "a.csv"):
        pass
    assert left.exists() == stays


def test_files_of_similar_names_are_not_taken_for_temporary_ones(tmp_path):
    others = [tmp_path / name for name in (".a.csv.bak", ".a.csv.b.c", "a.csv.0123abcd-1-x", ".a.csv.0123abcd-x-y.csv")]
    for path in others:
        path.write_text("mine")
        os.utime(path, (0, 0))
    with atomic_write(tmp_path / "a.csv"):
        pass
    assert all(path.read_text() == "mine" for path in others)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            r"a.csv cannot be used \(No space left on device\): free some space",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), r"a.csv .* quota"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), r"/x/y .*--directory"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), r"/x/y .*permissions"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/x/y"), r"/x/y .*shorten the names"),
        (OSError(errno.EMFILE, "Too many open files", "/x/y"), r"/x/y .*ulimit -n"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.npy"),
            r"a.npy .*start the same command again",
        ),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "labels.csv"),
            r"labels.csv .*replace the folder with a file",
        ),
        (MemoryError(), r"There is not enough memory: lower `batch_size`"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB."), r"There is not enough memory on the GPU"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), r"There is not enough memory"),
        (InputError("Two\nlines."), "Two"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(tmp_path, error, said):
    with pytest.raises(SystemExit) as ended, job(tmp_path / "log"), atomic_write(tmp_path / "a.csv"):
        raise error
    text = (tmp_path / "log").read_text()
    assert ended.value.code == 1 and "Traceback" not in text and "fault" not in text
    assert pd.Series([text]).str.contains(f"Error: .*{said}").all(), text
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_fault_of_ours_keeps_its_traceback(tmp_path):
    with pytest.raises(SystemExit), job(tmp_path / "log"):
        raise KeyError("x")
    assert all(
        word in (tmp_path / "log").read_text() for word in ("This is a bug in Lesionflow", "git remote -v", "Traceback")
    )


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="Linux only")
def test_a_log_that_the_disk_does_not_take_is_said_on_the_terminal(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    (tmp_path / "log").symlink_to("/dev/full")
    with pytest.raises(SystemExit), job(tmp_path / "log"):
        print("some words")
    with pytest.raises(SystemExit), job(tmp_path / "log"):
        raise InputError("This is what is wrong.")
    said = capfd.readouterr().err
    assert "cannot be used (No space left on device)" in said and "This is what is wrong." in said
    assert "Traceback" not in said


def test_a_log_that_cannot_be_is_said_on_the_terminal(tmp_path):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(SystemExit, match=r"Error: .*logs.* cannot be used"), job(tmp_path / "logs/train/a.log"):
        pass


def test_what_is_renamed_is_on_the_disk_first(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(Path(os.readlink(f"/proc/self/fd/{handle}"))))
    with atomic_write(tmp_path / "a.csv") as file:
        file.write_text("all")
    with atomic_folder(tmp_path / "folder") as folder:
        (folder / "b").mkdir()
        (folder / "b/c").write_text("all")
    assert done == [file, tmp_path, folder / "b", folder / "b/c", folder, tmp_path]
