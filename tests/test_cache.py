"""What a second project takes from a cache: images are downloaded and packed once per group."""

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import yaml
from file_server import Server
from helpers import ENVIRONMENT, REPOSITORY, SNAKEMAKE, output

from lesionflow.files import file_digest

pytestmark = pytest.mark.workflow
TARGETS = [f"resources/tiny/packed32/{shard}.npy" for shard in ("000", "001")]


def pack(folder: Path, config: dict, *arguments: str) -> str:
    """Pack the tiny study's images in `folder`, with the cache; returns what Snakemake says."""
    folder.mkdir(exist_ok=True)
    (folder / "changes.yaml").write_text(yaml.safe_dump(config))
    command = [*SNAKEMAKE, *TARGETS, "--cores", "2", "--cache", *arguments, "--configfile"]
    command += [REPOSITORY / "tests/config/config.yaml", "changes.yaml"]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, output(done)[-4000:]
    return output(done)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """The folder in which all projects of a test look first."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setitem(ENVIRONMENT, "SNAKEMAKE_OUTPUT_CACHE", str(folder))
    return folder


def assert_taken(first: Path, second: Path, cache: Path) -> None:
    """Both projects have the same shards, each with its own images, and the second made nothing itself."""
    shards = [[(folder / name).read_bytes() for name in TARGETS] for folder in (first, second)]
    assert shards[0] == shards[1] and shards[0][0] != shards[0][1]
    assert all((second / name).readlink().parent == cache for name in TARGETS)
    logs = list((second / "logs").rglob("*.log"))
    assert logs and not any(log.stat().st_size for log in logs)


def test_a_second_project_packs_a_shared_folder_no_more(raw, cache, tmp_path):
    config = {"collections": {"tiny": {"images": str(raw / "images")}}}
    first, second = tmp_path / "first", tmp_path / "second"
    pack(first, config)
    pack(second, config)
    assert_taken(first, second, cache)
    assert "Nothing to be done" in pack(second, config, "--dry-run")


def test_a_second_project_downloads_and_packs_an_archive_no_more(raw, cache, tmp_path, monkeypatch):
    archive = Path(shutil.make_archive(tmp_path / "images", "zip", raw, "images"))
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setitem(ENVIRONMENT, "NO_PROXY", "*")
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = server.serve("images.zip", archive.read_bytes()).url
        download = {"images.zip": {"urls": [url], "sha256": file_digest(archive)}}
        config = {"collections": {"tiny": {"images": "resources/tiny/images.zip", "download": download}}}
        pack(first, config)
        server.shutdown()
    pack(second, config)  # nothing can be downloaded any more
    assert_taken(first, second, cache)
    assert (second / "resources/tiny/images.zip").readlink().parent == cache
    assert "Nothing to be done" in pack(second, config, "--dry-run")
