"""What a step runs in: version of Lesionflow, versions of packages, and the container image.

Without `--sdm` Snakemake ignores `container:` and says nothing.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from lesionflow.files import read_json

REPOSITORY = Path(__file__).resolve().parents[3]
IMAGE = Path("/opt/lesionflow/image.json")  # written by envs/install.sh


def container(image: Path = IMAGE) -> dict[str, str] | None:
    """What is known of the image that this process runs in; None outside of any.

    Of an image of `make image`: name, version, licence, base and lock_sha256, the digest of what is installed in it.
    Of every image that Apptainer runs: file.
    """
    known = read_json(image) if image.exists() else {}
    file = os.environ.get("APPTAINER_CONTAINER")  # set by Apptainer to the path on the host
    if file:
        known["file"] = Path(file).name
    return known or None


def describe(found: Mapping[str, str] | None) -> str:
    """What `container` found, in a few words."""
    if found is None:
        return "none"
    if "name" not in found:
        return f"{found['file']}, which `make image` did not build"
    file = f"{found['file']}, " if "file" in found else ""
    return f"{found['name']} {found['version']} ({file}{found['base']}, SHA-256 of its lock {found['lock_sha256']})"


def release() -> str:
    """Version and git commit of Lesionflow: "0.2.0, commit abc1234", with "-dirty" if tracked files were edited."""
    # Not imported: `code_of` would take the version for code, and each release would rerun every step.
    version = sys.modules["lesionflow"].__version__
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    own = os.environ | {"GIT_CEILING_DIRECTORIES": str(REPOSITORY.parent)}  # no repository that this one lies in
    try:
        done = subprocess.run(command, cwd=REPOSITORY, env=own, capture_output=True, text=True, check=True)
        commit = done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, no repository, or a repository of another user
        commit = "unknown"
    return f"{version}, commit {commit}"


def versions() -> dict[str, str]:
    """Versions of what a result depends on, by name."""
    packages = (
        "torch",
        "torchvision",
        "timm",
        "numpy",
        "pandas",
        "pillow",
        "scikit-learn",
        "imbalanced-learn",
    )
    found = {name: metadata.version(name) for name in (*packages, "snakemake")}
    return {"lesionflow": release(), "python": platform.python_version()} | found
