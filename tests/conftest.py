"""Small collections, drawn for each test session."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES, jpeg, labels_table, listing, output, snakemake

# The same examples in every run, each failure as it is found: quick, and nobody's change fails by chance.
# `pytest --hypothesis-profile=explore` draws new examples and shrinks a failure to its smallest, which takes minutes.
REPEAT = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
hypothesis.settings.register_profile("repeat", derandomize=True, deadline=None, database=None, phases=REPEAT)
hypothesis.settings.register_profile("fast", parent=hypothesis.settings.get_profile("repeat"), max_examples=10)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeat")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run the workflow, themselves or in a fixture."""
    for item in items:
        fixtures = [each.func for found in item._fixtureinfo.name2fixturedefs.values() for each in found]
        codes = [function.__code__ for function in (item.function, *fixtures) if hasattr(function, "__code__")]
        if any({"snakemake", "SNAKEMAKE"} & {*code.co_names} for code in codes):
            item.add_marker("workflow")


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
