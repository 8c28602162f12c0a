"""The export as folders by class: as many files as the lists have rows, and pixels that equal them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import CLASSES, output, snakemake
from PIL import Image

from lesionflow.balancing.folders import list_files
from lesionflow.data.store import open_store
from lesionflow.files import atomic_folder

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
    listed = pd.read_csv(folders / "files.csv")
    assert set(listed["file"]) == {path.relative_to(folders).as_posix() for path in folders.rglob("*.png")}
    assert listed["image"].tolist()[: len(training)] == training["image"].tolist()
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


LONG = "é" * 66  # 132 bytes


def listed(names: list[str], label: str = "MEL") -> pd.DataFrame:
    """Files of training images `names`, and of one that is synthetic, of the first and the last."""
    manifest = pd.DataFrame({"image": names, "label": label})
    split = pd.DataFrame({"image": names, "part": ["train"] * (len(names) - 1) + ["test"]})
    training = pd.DataFrame({"label": label, "image": names[:-1], "neighbour": None, "weight": np.nan})
    training.loc[len(training)] = [label, names[0], names[-1], 0.25]
    return list_files(manifest, split, training)


@pytest.mark.parametrize(
    "names",
    [
        [LONG, LONG + "x", LONG + "y"],
        ["x" * 251, "X" * 251, "y"],
        ["a", "A", "b"],
        ["a:b", "a?b", "a/b"],
        ["../../x", "/x", ".."],
        ["c", "synthetic_000002_c_b", "b"],
        [".a", " a", "a "],
        [r"$\frac{$", "=1+1", "a|b"],
    ],
)
def test_every_image_has_a_file_of_its_own_whatever_its_name(tmp_path, names):
    files = listed(names)
    assert files["image"].tolist() == [*names[:-1], names[0], names[-1]]
    for file in files["file"]:
        path = tmp_path / "folders" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    assert {path.name for path in tmp_path.iterdir()} == {"folders"} and files["file"].str.count("/").eq(2).all()
    assert files["file"].str.casefold().is_unique and files["file"].iloc[2].startswith("train/MEL/synthetic_000002_")


def test_names_that_can_be_files_stay_as_they_are():
    files = listed(["ISIC_1", "mélanome 2", "x" * 251])
    assert files["file"].tolist()[:2] == ["train/MEL/ISIC_1.png", "train/MEL/mélanome 2.png"]
    assert files["file"].iloc[3] == f"test/MEL/{'x' * 251}.png"
    assert listed(["a", "b", "c"])["file"].iloc[2] == "train/MEL/synthetic_000002_a_c.png"


@pytest.mark.parametrize("label", ["../../x", "/x", "..", "a|b", "a/b"])
def test_no_class_leaves_the_folder(label):
    parts = {Path(file).parts for file in listed(["a", "b", "c"], label)["file"]}
    assert {len(names) for names in parts} == {3} and len({names[1] for names in parts}) == 1
    assert all(".." not in names and names[0] in ("train", "test") for names in parts)


def test_folders_are_whole_or_not_there(tmp_path):
    with pytest.raises(KeyError), atomic_folder(tmp_path / "folders") as folder:
        (folder / "file").touch()
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    for name in ("old", "new"):
        with atomic_folder(tmp_path / "folders") as folder:
            (folder / name).touch()
    assert [path.name for path in (tmp_path / "folders").iterdir()] == ["new"]
