"""Every example of docs/extending.md, as it is printed there: applied to a copy of the repository, alone, and run."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import ENVIRONMENT, REPOSITORY

from lesionflow.report.captions_and_labels import caption, read_figure

LINES = 15  # of a block at most, and of an example
LONG = {"A figure"}  # needs several blocks: a rule, a script and a caption
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
        new = file.suffix in (".yaml", ".rst") or file.parent.name == "scripts"
        assert file.exists() != new, file
        with file.open("a") as stream:
            stream.write(("" if new else "\n\n") + text)


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
    lines = [len(text.splitlines()) for _, _, text in examples(SECTIONS[name])]
    assert 0 < max(lines) <= LINES and (sum(lines) <= LINES or name in LONG)


@pytest.mark.workflow
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


@pytest.mark.workflow
def test_an_example_trains_a_model(copy, raw):
    for language, file, text in examples(SECTIONS[TRAINED]):
        apply(language, copy / file, text)
    for file in ("images", "labels.csv", "metadata.csv"):
        (copy / file).symlink_to(raw / file)
    command = commands(SECTIONS[TRAINED])[-1].replace("config/demo.yaml", "tests/config/config.yaml")
    run(command.replace("--dry-run", f"--until train -- {MODEL}"), copy)
    assert '"loss": "focal"' in (copy / MODEL).read_text()


def test_an_example_draws_a_figure(copy, monkeypatch):
    for language, file, text in examples(SECTIONS["A figure"]):
        apply(language, copy / file, text)
    monkeypatch.chdir(copy)
    for stage in (1, 2):
        Path(f"model{stage}.json").write_text(json.dumps({"classes": ["A", "B"], "dataset": "smote", "stage": stage}))
        Path(f"test{stage}.csv").write_text("image,A,B\na,0.9,0.1\nb,0.3,0.7\n")
    made_up = SimpleNamespace(
        input=SimpleNamespace(cards=["model1.json", "model2.json"], tests=["test1.csv", "test2.csv"]),
        output=["confidence.svg"],
        log=["confidence.log"],
        params=SimpleNamespace(leaky=True),
        wildcards={"protocol": "mine", "seed": "1", "backbone": "resnet50"},
    )
    runpy.run_path("workflow/scripts/plot_confidence.py", {"snakemake": made_up}, "__main__")
    figure = read_figure("confidence.svg")
    text = caption(Path("workflow/report"), figure["kind"], "tiny", figure["labels"], figure["leaky"])
    assert figure["leaky"] and "of resnet50, one line per model" in text
    assert "smote, stage 2" in Path("confidence.svg").read_text()
