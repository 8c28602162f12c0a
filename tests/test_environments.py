"""The environments: ranges, lock and conda's file agree."""

import re
import subprocess
import sys

import yaml
from helpers import REPOSITORY
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lesionflow import __version__, environment, source

ENVS = REPOSITORY / "envs"
CONDA_NAMES = {"pytorch": "torch"}  # conda-forge's name: PyPI's; all others are the same


def requirements(lines: list[str]) -> dict[str, Requirement]:
    """The requirements of pip in `lines`, by name."""
    found = [Requirement(line) for line in (line.split("#")[0].strip() for line in lines) if line]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def ranges() -> dict[str, Requirement]:
    return requirements((ENVS / "requirements.txt").read_text().splitlines())


def test_the_lock_is_within_the_ranges():
    lock, wanted = requirements((ENVS / "requirements.lock").read_text().splitlines()), ranges()
    assert set(wanted) <= set(lock)
    for name, requirement in wanted.items():
        (pin,) = lock[name].specifier
        assert pin.operator == "==" and pin.version in requirement.specifier, name


def test_conda_is_given_the_same_ranges():
    environment = yaml.safe_load((ENVS / "lesionflow.yaml").read_text())
    of_conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    (of_pip,) = [lines["pip"] for lines in environment["dependencies"] if isinstance(lines, dict)]
    of_conda = [re.sub(r"^\S+", lambda name: CONDA_NAMES.get(name[0], name[0]), line) for line in of_conda]
    given = requirements(of_conda + of_pip)
    assert str(given.pop("python").specifier) == ">=3.11" and given.pop("pip")
    assert {name: str(requirement.specifier) for name, requirement in given.items()} == {
        name: str(requirement.specifier) for name, requirement in ranges().items()
    }
    assert {name for name in given if "efficientnet" in name} == set(requirements(of_pip))


def test_a_machine_that_only_submits_needs_few_packages():
    """docs/containers.md names them: what the rules import must not ask for more."""
    rules = "\n".join(path.read_text() for path in (REPOSITORY / "workflow/rules").rglob("*.smk"))
    imports = re.findall(r"^from lesionflow.*$", rules, re.MULTILINE)
    assert len(imports) > 5
    absent = [
        "torch",
        "torchvision",
        "timm",
        "sklearn",
        "imblearn",
        "matplotlib",
        "PIL",
        "scipy",
        "onnx",
        "safetensors",
    ]
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); {'; '.join(imports)}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY / "workflow/scripts", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_version_and_commit_are_known_without_counting_as_code(monkeypatch, tmp_path):
    assert environment.release().startswith(f"{__version__}, commit ")
    assert source.PACKAGE / "__init__.py" not in source.sources(source.SCRIPTS / "train.py")
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path)  # a copy without .git
    assert environment.release() == f"{__version__}, commit unknown"


def test_the_commit_is_that_of_the_repository(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path)
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.org"]
    (tmp_path / "file").write_text("one")
    for words in (["init", "-q"], ["add", "file"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    clean = environment.release().partition(", commit ")[2]
    assert len(clean) >= 7 and commit.startswith(clean)
    (tmp_path / "file").write_text("two")
    assert environment.release().endswith(f"{clean}-dirty")
    (tmp_path / "inner").mkdir()
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path / "inner")
    assert environment.release().endswith("unknown")
