"""In which image a step ran, and that the two recipes of the image say the same."""

import re

from helpers import REPOSITORY

from lesionflow.environment import container, describe
from lesionflow.files import write_json

LOCK = REPOSITORY / "envs/requirements.lock"


def test_outside_of_an_image_there_is_none(tmp_path, monkeypatch):
    monkeypatch.delenv("APPTAINER_CONTAINER", raising=False)
    assert container(tmp_path / "image.json") is None and describe(None) == "none"


def test_the_image_is_named_with_the_digest_of_its_lock(tmp_path, monkeypatch):
    monkeypatch.setenv("APPTAINER_CONTAINER", "/home/someone/lesionflow.sif")
    image = {"name": "lesionflow", "version": "0.1.0", "licence": "MIT", "base": "Debian", "lock_sha256": "cafe"}
    write_json(tmp_path / "image.json", image)
    assert container(tmp_path / "image.json") == image | {"file": "lesionflow.sif"}
    assert describe(image) == "lesionflow 0.1.0 (Debian, SHA-256 of its lock cafe)"
    foreign = container(tmp_path / "none.json")
    assert describe(foreign) == "lesionflow.sif, which `make image` did not build"


def test_the_recipes_of_the_image_say_the_same():
    container, definition = ((REPOSITORY / "envs" / name).read_text() for name in ("Containerfile", "lesionflow.def"))
    labels = [
        dict(re.findall(r"(org\.opencontainers\.image\.\w+)[= ](\S+)", text.replace('"', "")))
        for text in (container.replace("${VERSION}", "VERSION"), definition.replace("{{ VERSION }}", "VERSION"))
    ]
    assert labels[0] == labels[1] and len(labels[0]) == 3
    assert labels[0]["org.opencontainers.image.licenses"] == "MIT"
    for words in ("envs/requirements.lock", "envs/install.sh", "sh /opt/lesionflow/install.sh", "/opt/lesionflow/bin:"):
        assert words in container and words in definition
    assert re.search(r"^USER 1000$", container, re.MULTILINE)


def test_the_image_is_set_in_one_place_for_every_rule_but_the_preflight():
    assert 'container: config["container"]' in (REPOSITORY / "workflow/Snakefile").read_text()
    own = [path.name for path in (REPOSITORY / "workflow/rules").rglob("*.smk") if "container:" in path.read_text()]
    assert own == ["preflight.smk"]
