"""Software environment of a step: package versions and the container image.

Without `--sdm`, Snakemake silently ignores `container:`.
"""

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from lesionflow.files import read_json

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
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in (*packages, "snakemake")}
