"""Every example of docs/extending.md, as it is printed there: applied to a copy of the repository, alone, and run."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ENVIRONMENT, REPOSITORY

LINES = 15  # of an example at most
TRAINED = "A loss"  # the one example that is run to a model, on the tiny collection
MODEL = "results/tiny/corrected/seed1/focal/efficientnet_lite0/stage1/model.json"
PAGE = (REPOSITORY / "docs/extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(section: str) -> list[tuple[str, str, str]]:
    """Language, file and text of each block that changes a file."""
    blocks = [(language, *text.split("\n", 1)) for language, text in BLOCK.findall(section) if language != "sh"]
    return [(language, first.removeprefix("# "), text) for language, first, text in blocks]


def commands(section: str) -> list[str]:
    (text,) = [text for language, text in BLOCK.findall(section) if language == "sh"]
    return text.splitlines()


def apply(language: str, file: Path, text: str) -> None:
    if language == "diff":
        old, new = (
            "".join(line[1:] for line in text.splitlines(keepends=True) if line.startswith(sign)) for sign in "-+"
        )
        before = file.read_text()
        assert before.count(old) == 1, f"{file.name} does not have, or not only once, {old}"
        file.write_text(before.replace(old, new))
    else:
        assert file.exists() == (file.suffix == ".py"), file
        with file.open("a") as stream:
            stream.write(("\n\n" if language == "python" else "") + text)


def run(command: str, folder: Path) -> str:
    words = [sys.executable, "-m", *shlex.split(command, comments=True)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture
def copy(raw, tmp_path) -> Path:
    """The working tree, and the images that the page calls clinic/."""
    for name in ("config", "docs", "profiles", "tests", "workflow", "Snakefile", "pyproject.toml"):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path)
    (tmp_path / "clinic").symlink_to(raw)
    return tmp_path


@pytest.mark.parametrize("name", SECTIONS)
def test_an_example_is_short(name):
    assert 0 < sum(len(text.splitlines()) for _, _, text in examples(SECTIONS[name])) <= LINES


@pytest.mark.parametrize("name", SECTIONS)
def test_an_example_works_as_it_is_printed(copy, name):
    for language, file, text in examples(SECTIONS[name]):
        apply(language, copy / file, text)
    changed = [file for _, file, _ in examples(SECTIONS[name]) if file.endswith(".py")]
    for check in ("check", "format --check") if changed else ():
        run(f"ruff {check} {' '.join(changed)}", copy)
    for command in commands(SECTIONS[name]):
        said = run(command, copy)
        for rule, jobs in re.findall(r"(\w+): (\d+)", command.partition("#")[2]):
            assert re.search(rf"^{rule} +{jobs}$", said, re.MULTILINE), said[-3000:]


def test_an_example_trains_a_model(copy, raw):
    for language, file, text in examples(SECTIONS[TRAINED]):
        apply(language, copy / file, text)
    for file in ("images", "labels.csv", "metadata.csv"):
        (copy / file).symlink_to(raw / file)
    command = commands(SECTIONS[TRAINED])[-1].replace("config/demo.yaml", "tests/config/config.yaml")
    run(command.replace("--dry-run", f"--until train -- {MODEL}"), copy)
    assert '"loss": "focal"' in (copy / MODEL).read_text()
