"""What a step runs in: versions of packages, and the container image.

Without `--sdm` Snakemake ignores `container:` and says nothing.
"""

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from lesionflow.files import read_json

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


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
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
