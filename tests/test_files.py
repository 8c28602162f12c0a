"""Whole files with more than one writer, copies of files on a node's own disk."""

import tempfile
from pathlib import Path

import pytest

from lesionflow.files import InputError, nearby, whole


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
