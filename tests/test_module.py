"""The workflow used elsewhere: as a module, deployed from GitHub, and from a clone that cannot be written to."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from helpers import ENVIRONMENT, REPOSITORY, SNAKEMAKE, listing, output

pytestmark = pytest.mark.workflow
# What `snakedeploy deploy-workflow https://github.com/someone/lesionflow . --branch main` writes to workflow/Snakefile.
DEPLOYED = """
from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/someone/lesionflow as a module
module lesionflow:
    snakefile:
        github("someone/lesionflow", path="workflow/Snakefile", branch="main")
    config:
        config


# use all rules from https://github.com/someone/lesionflow
use rule * from lesionflow
"""
RENAMED = f"""
module lesionflow:
    snakefile: "{REPOSITORY}/workflow/Snakefile"
    config: config


use rule * from lesionflow as lesionflow_*
"""
STUDY = {
    "run": {"backbones": ["resnet50"], "datasets": ["undersampled"]},
    "collections": {"tiny": {"shards": 1}},
    "search": {"run": False},
}
TRAINED = "results/tiny/corrected/seed1/undersampled/resnet50/stage1/model.safetensors"


@pytest.fixture
def project(raw, tmp_path) -> Path:
    """A folder with images and a study of one backbone and one dataset."""
    folder = shutil.copytree(raw, tmp_path / "project")
    shutil.copytree(REPOSITORY / "config", folder / "config")
    shutil.copyfile(REPOSITORY / "tests/config/config.yaml", folder / "tiny.yaml")
    (folder / "changes.yaml").write_text(yaml.safe_dump(STUDY))
    return folder


def run(folder: Path, *arguments, prefix: tuple = ()) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder`; `prefix` is a command that starts it."""
    command = [*prefix, *SNAKEMAKE[:-2], *arguments, "--cores", "2"]
    command += ["--configfile", "config/config.yaml", "tiny.yaml", "changes.yaml"]
    return subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone of the repository."""
    folder = tmp_path / "clone"
    for name in ("workflow", "config", "profiles"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(REPOSITORY / "Snakefile", folder / "Snakefile")
    return folder


def test_a_deployed_workflow_runs_the_whole_study(project, clone, tmp_path, monkeypatch):
    """Snakemake clones from GitHub, which is here a folder."""
    remote = tmp_path / "github/someone/lesionflow"
    remote.parent.mkdir(parents=True)
    clone.rename(remote)
    author = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "All"]):
        subprocess.run(["git", *words], cwd=remote, check=True)
    monkeypatch.setitem(ENVIRONMENT, "GIT_CONFIG_COUNT", "1")
    monkeypatch.setitem(ENVIRONMENT, "GIT_CONFIG_KEY_0", f"url.{tmp_path}/github/.insteadOf")
    monkeypatch.setitem(ENVIRONMENT, "GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.setitem(ENVIRONMENT, "XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(REPOSITORY / "profiles", project / "profiles")
    (project / "workflow").mkdir()
    (project / "workflow/Snakefile").write_text(DEPLOYED)
    done = run(project)
    assert done.returncode == 0, output(done)[-4000:]
    assert (project / "results/tiny/report.html").exists() and (project / TRAINED).exists()
    assert "Nothing to be done" in output(run(project, "--dry-run"))


def test_a_module_runs_under_other_names_of_its_rules(project):
    (project / "Snakefile").write_text(RENAMED)
    plan = run(project, "--dry-run")
    assert re.search(r"^lesionflow_train +3$", output(plan), re.MULTILINE), output(plan)[-4000:]
    done = run(project, TRAINED)
    assert done.returncode == 0, output(done)[-4000:]
    assert (project / TRAINED).exists()


def read_only(folder: Path) -> tuple[str, ...]:
    """Make `folder` read-only; returns a command that starts others where root cannot write to it either."""
    if os.geteuid():
        subprocess.run(["chmod", "-R", "a-w", folder], check=True)
        return ()
    mount = ("unshare", "--mount", "sh", "-c", f"mount --bind -o ro '{folder}' '{folder}' && exec \"$@\"", "-")
    if not shutil.which("unshare") or subprocess.run([*mount, "true"], capture_output=True).returncode:
        pytest.skip("root can write anywhere, and no folder can be mounted read-only here")
    return mount


def test_a_read_only_clone_works_in_another_folder(project, clone):
    prefix, before = read_only(clone), listing(clone)
    done = run(project, "--snakefile", clone / "Snakefile", "--directory", project, prefix=prefix)
    assert done.returncode == 0, output(done)[-4000:]
    assert (project / "results/tiny/report.html").exists() and listing(clone) == before
