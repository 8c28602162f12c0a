"""What several test files use: the tiny study, small tables and images."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

CLASSES = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]
REPOSITORY = Path(__file__).parent.parent
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile"]
# One thread a process: two cores are shared by what runs at once, and every count is the same everywhere.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
BACKBONES = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["backbones"]


def snakemake(
    folder: Path, *arguments, config: dict | None = None, repository: Path = REPOSITORY
) -> subprocess.CompletedProcess:
    """Run the Snakemake of `repository` in `folder` with the tiny config and what `config` changes in it."""
    command = [*SNAKEMAKE[:-1], repository / "Snakefile", *arguments, "--cores", "2", "--directory", folder]
    command += ["--configfile", repository / "tests/config/config.yaml"]
    if config:
        (folder / "changes.yaml").write_text(yaml.safe_dump(config))
        command.append(folder / "changes.yaml")
    command = [str(word) for word in command]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=folder)


def output(done: subprocess.CompletedProcess) -> str:
    return done.stdout + done.stderr


def jpeg(random: np.random.Generator, width: int = 60, height: int = 45) -> bytes:
    """A smooth random image, so that JPEG keeps it nearly as it is."""
    small = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    stream = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def labels_table(labels: dict[str, str], classes: list[str] = CLASSES) -> pd.DataFrame:
    """The official layout: image and one 0/1 column a class."""
    table = pd.DataFrame({"image": list(labels)})
    for name in classes:
        table[name] = [float(label == name) for label in labels.values()]
    return table


def manifest_table(labels: list[str], groups: list[int]) -> pd.DataFrame:
    """A manifest's columns that splitting needs; images are named by number."""
    images = [f"ISIC_{number:07d}" for number in range(len(labels))]
    first = {}
    group = [first.setdefault(number, image) for number, image in zip(groups, images, strict=True)]
    return pd.DataFrame({"image": images, "label": labels, "group": group})


def listing(folder: Path) -> dict[Path, int]:
    """Files below `folder` and when they were written, without what Snakemake keeps for itself."""
    return {
        path.relative_to(folder): path.lstat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and ".snakemake" not in path.parts
    }
