"""Whole files with more than one writer, copies of files on a node's own disk, damaged results."""

import tempfile
from pathlib import Path

import pandas as pd
import pytest

from lesionflow.files import InputError, nearby, read_json, reading, whole


def test_two_writers_leave_one_whole_file(tmp_path):
    """A job on a lost node and its second attempt write the same output at the same time."""
    path = tmp_path / "model.pt"
    with whole(path) as late:
        late.write_text("half of the first")
        with whole(path) as second:
            assert late != second
            second.write_text("all of the second")
        assert path.read_text() == "all of the second"
        late.write_text("all of the first")
    assert path.read_text() == "all of the first"
    with pytest.raises(KeyError), whole(path) as broken:
        broken.write_text("half")
        raise KeyError
    assert path.read_text() == "all of the first" and list(tmp_path.iterdir()) == [path]


def test_copies_last_as_long_as_they_are_used(tmp_path, monkeypatch):
    disk, shared = tmp_path / "disk", tmp_path / "shared"
    disk.mkdir()
    shared.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    (shared / "000.npy").write_bytes(b"pixels")
    with nearby([shared / "000.npy"], copy=False) as files:
        assert files == [str(shared / "000.npy")]
    with nearby([shared / "000.npy"], copy=True) as files:
        assert [Path(file).name for file in files] == ["000.npy"] and Path(files[0]).is_relative_to(disk)
        assert Path(files[0]).read_bytes() == b"pixels"
    assert not list(disk.iterdir())
    with pytest.raises(InputError, match="set TMPDIR"), nearby([shared / "001.npy"], copy=True):
        pass


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\0" * 64, b"\xff\xfe{", b"[1]", b"null", b"{}"])
@pytest.mark.parametrize("folder", ["results", "resources/mine", "given"])
def test_a_damaged_result_is_removed_and_what_the_user_gave_is_not(tmp_path, monkeypatch, content, folder):
    monkeypatch.chdir(tmp_path)
    path = Path(folder, "some.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    ours = folder != "given"
    with pytest.raises(InputError, match="start the same command again" if ours else "put a good copy") as caught:
        read_json(path)["a"]
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert path.exists() != ours


def test_a_result_under_its_absolute_path_is_not_removed(tmp_path, monkeypatch):
    """So is a model named that the user chose for new images."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    path = tmp_path / "results/model.json"
    path.write_text("half")
    with pytest.raises(InputError, match="put a good copy"):
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
