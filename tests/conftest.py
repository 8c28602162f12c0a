"""Small collections, drawn for each test session."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

# The same examples in every run, each failure as it is found: quick, and nobody's change fails by chance.
# `pytest --hypothesis-profile=explore` draws new examples and shrinks a failure to its smallest, which takes minutes.
REPEAT = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
hypothesis.settings.register_profile("repeat", derandomize=True, deadline=None, database=None, phases=REPEAT)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeat")
CLASSES = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]
REPOSITORY = Path(__file__).parent.parent
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile"]
# One thread a process: two cores are shared by what runs at once, and every count is the same everywhere.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


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


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 96 images of 8 classes (images/, labels.csv, metadata.csv), two images a lesion."""
    folder = tmp_path_factory.mktemp("raw")
    (folder / "images").mkdir()
    random = np.random.default_rng(0)
    labels, lesions = {}, {}
    for number in range(96):
        name = f"ISIC_{number:07d}"
        (folder / "images" / f"{name}.jpg").write_bytes(jpeg(random))
        labels[name] = CLASSES[number // 2 % 8]
        lesions[name] = f"HAM_{number // 2:07d}"
    labels_table(labels).to_csv(folder / "labels.csv", index=False)
    pd.DataFrame({"image": list(lesions), "lesion_id": list(lesions.values())}).to_csv(
        folder / "metadata.csv", index=False
    )
    return folder


@pytest.fixture(scope="session")
def run(raw, tmp_path_factory) -> Iterator[Path]:
    """A folder in which the tiny study was run once; who writes into it works on a copy."""
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(raw, folder, dirs_exist_ok=True)
    (folder / "images/ISIC_9999999.jpg").write_bytes(b"not an image")
    done = snakemake(folder)
    assert done.returncode == 0, output(done)[-8000:]
    before = listing(folder)
    yield folder
    assert listing(folder) == before, "a test wrote into the run that all share: let it work on a copy"


def listing(folder: Path) -> dict[Path, int]:
    """Files below `folder` and when they were written, without what Snakemake keeps for itself."""
    return {
        path.relative_to(folder): path.lstat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and ".snakemake" not in path.parts
    }
