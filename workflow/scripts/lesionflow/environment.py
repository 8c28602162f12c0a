"""Software environment of a step: version of Lesionflow, package versions and the container image.

Without `--sdm`, Snakemake silently ignores `container:`.
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
    """Return a description of the container image of this process, or None outside a container.

    Images built by `make image` have name, version, licence, base and lock_sha256, the digest of the installed
    packages. Under Apptainer, every image has file.
    """
    known = read_json(image) if image.exists() else {}
    file = os.environ.get("APPTAINER_CONTAINER")  # set by Apptainer to the path on the host
    if file:
        known["file"] = Path(file).name
    return known or None


def describe(found: Mapping[str, str] | None) -> str:
    """Return a short text for the output of `container`."""
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
    """Return the versions of Python and of the packages that results depend on."""
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
