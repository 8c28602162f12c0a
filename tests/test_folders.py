"""The export as folders by class: as many files as the lists have rows, and pixels that equal them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import CLASSES, output, snakemake
from PIL import Image

from lesionflow.batches import open_store
from lesionflow.files import whole_folder

SPLIT = Path("results/tiny/corrected/seed1")


@pytest.fixture(scope="module")
def folders(run, tmp_path_factory) -> Path:
    """The folders of the SMOTE dataset of the tiny study."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("folders") / "run")
    done = snakemake(folder, SPLIT / "smote/folders")
    assert done.returncode == 0, output(done)[-4000:]
    return folder / SPLIT / "smote/folders"


def test_there_is_a_file_for_each_row_of_the_lists(run, folders):
    split = pd.read_csv(run / SPLIT / "split.csv").merge(pd.read_csv(run / "results/tiny/manifest.csv"))
    training = pd.read_csv(run / SPLIT / "smote/training.csv")
    assert {path.name for path in folders.iterdir() if path.is_dir()} == {"train", "valid", "test"}
    for part in ("valid", "test"):
        expected = split[split["part"] == part].groupby("label")["image"].apply(set)
        for name in CLASSES:
            assert {path.stem for path in (folders / part / name).iterdir()} == expected[name]
    for name, rows in training.groupby("label"):
        files = [path.stem for path in (folders / "train" / name).iterdir()]
        assert len(files) == len(rows) == 10
        assert {file for file in files if "synthetic" not in file} == set(rows.loc[rows["neighbour"].isna(), "image"])


def test_pixels_are_the_packed_ones_and_mixtures_of_them(run, folders):
    store = open_store(run / "results/tiny/manifest.csv", sorted((run / "resources/tiny/packed32").glob("*.npy")))

    def packed(image: str) -> np.ndarray:
        return store.read(store.positions(pd.Index([image])))[0].astype(float)

    training = pd.read_csv(run / SPLIT / "smote/training.csv")
    assert training["neighbour"].notna().sum() > 0
    for number, row in training.iterrows():
        folder = folders / "train" / row["label"]
        if pd.isna(row["neighbour"]):
            assert (np.asarray(Image.open(folder / f"{row['image']}.png")) == packed(row["image"])).all()
        else:
            made = Image.open(folder / f"synthetic_{number:06d}_{row['image']}_{row['neighbour']}.png")
            mixture = (1 - row["weight"]) * packed(row["image"]) + row["weight"] * packed(row["neighbour"])
            assert np.abs(np.asarray(made) - mixture).max() <= 0.5001  # rounded


def test_folders_are_whole_or_not_there(tmp_path):
    with pytest.raises(KeyError), whole_folder(tmp_path / "folders") as folder:
        (folder / "file").touch()
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    for name in ("old", "new"):
        with whole_folder(tmp_path / "folders") as folder:
            (folder / name).touch()
    assert [path.name for path in (tmp_path / "folders").iterdir()] == ["new"]
