"""The demo collection: ISIC's layout, drawn the same every time, with lesions that are seen several times."""

import io
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.data.demo import draw_collection, images_per_class, plan_lesions
from lesionflow.data.demo_drawing import LOOKS
from lesionflow.files import file_digest

FILES = ("Input.zip", "GroundTruth.csv", "Metadata.csv")
COUNT = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    draw_collection(*(folder / name for name in FILES), count=COUNT, seed=1)
    return folder


@pytest.fixture(scope="module")
def pixels(folder):
    """Images by name, as they are in the zip."""
    with zipfile.ZipFile(folder / "Input.zip") as archive:
        assert archive.testzip() is None
        files = {name: io.BytesIO(archive.read(name)) for name in archive.namelist()}
    name_of = re.compile(r"Input/(ISIC_\d{7}(_downsampled)?)\.jpg")
    return {name_of.fullmatch(name)[1]: Image.open(data) for name, data in files.items()}


@pytest.fixture(scope="module")
def labels(folder):
    marks = pd.read_csv(folder / "GroundTruth.csv").set_index("image")
    assert list(marks) == ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]
    assert (marks.sum(axis=1) == 1).all() and set(np.unique(marks)) == {0.0, 1.0}
    return marks.idxmax(axis=1)


@pytest.fixture(scope="module")
def metadata(folder):
    return pd.read_csv(folder / "Metadata.csv").set_index("image")


def test_layout_is_that_of_isic(folder, pixels, labels, metadata):
    assert (folder / "GroundTruth.csv").read_text().splitlines()[1].count("1.0") == 1
    assert list(metadata) == ["age_approx", "anatom_site_general", "lesion_id", "sex"]
    assert list(pixels) == list(labels.index) == list(metadata.index) == sorted(pixels)
    assert len(pixels) == COUNT
    assert metadata["lesion_id"].dropna().str.fullmatch(r"(HAM|BCN|MSK4)_\d{7}").all()
    assert (metadata["age_approx"].dropna() % 5 == 0).all()
    assert set(metadata["sex"].dropna()) == {"female", "male"}
    assert set(labels) == set(LOOKS)


def test_images_decode_in_several_resolutions_that_tell_the_archive(pixels, metadata):
    for image in pixels.values():
        image.load()
        assert (image.format, image.mode) == ("JPEG", "RGB")
    sizes = pd.Series({name: image.size for name, image in pixels.items()})
    assert sizes.nunique() >= 3
    by_archive = sizes.groupby(metadata["lesion_id"].str.extract("^([A-Z]+)", expand=False)).agg(set)
    assert not by_archive["HAM"] & by_archive["BCN"]


def test_one_seed_gives_the_same_bytes_and_another_gives_others(tmp_path):
    def digests(name, seed):
        files = [tmp_path / name / file for file in FILES]
        draw_collection(*files, count=12, seed=seed)
        return [file_digest(file) for file in files]

    first = digests("first", 1)
    assert digests("second", 1) == first
    assert not set(digests("third", 2)) & set(first)


def test_views_of_a_lesion_are_more_alike_than_images_of_different_lesions(pixels, metadata, labels):
    # Sorted values of each channel over the middle: turning and mirroring do not change them.
    middle = [image.resize((32, 32)).crop((6, 6, 26, 26)) for image in pixels.values()]
    values = np.stack([np.sort(np.asarray(image, float).reshape(-1, 3), axis=0) for image in middle])
    distance = np.abs(values[:, None] - values[None]).mean(axis=(2, 3))
    lesion = metadata["lesion_id"].fillna(metadata.index.to_series()).to_numpy(object)
    same_lesion = (lesion[:, None] == lesion) & ~np.eye(COUNT, dtype=bool)
    same_class = labels.to_numpy(object)[:, None] == labels.to_numpy(object)
    others = same_class & (lesion[:, None] != lesion)
    assert distance[same_lesion].mean() < 0.7 * distance[others].mean()
    nearest = np.where(np.eye(COUNT, dtype=bool), np.inf, distance).argmin(axis=1)
    seen_again = same_lesion.any(axis=1)
    assert same_lesion[np.arange(COUNT), nearest][seen_again].mean() > 0.3  # by chance: 0.03


def test_images_that_show_no_lesion(tmp_path):
    """They come beside the others, as the class UNK without anything known of them."""
    draw_collection(*(tmp_path / name for name in FILES), count=COUNT // 8, seed=1, unknown=3)
    marks = pd.read_csv(tmp_path / "GroundTruth.csv").set_index("image")
    assert len(marks) == COUNT // 8 + 3 and marks["UNK"].sum() == 3 and (marks.sum(axis=1) == 1).all()
    unknown = pd.read_csv(tmp_path / "Metadata.csv").set_index("image")[(marks["UNK"] == 1).to_numpy()]
    assert unknown.isna().all(axis=None)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(10, 2000), seed=st.integers(0, 2**32))
def test_every_plan_is_complete_and_imbalanced_as_isic(count, seed):
    lesions = pd.DataFrame(plan_lesions(np.random.default_rng(seed), count))
    images = lesions.groupby("label")["views"].sum()
    assert images.to_dict() == images_per_class(count)
    assert images.sum() == count
    order = ["NV", "MEL", "BCC", "BKL", "AK", "SCC", "VASC", "DF"]
    assert (images[order].diff().dropna() <= 0).all()
    assert lesions["views"].between(1, 5).all()
    named = lesions[lesions["lesion_id"] != ""]
    assert named["lesion_id"].is_unique  # hence no lesion has two labels
    assert (lesions["views"][lesions["lesion_id"] == ""] == 1).all()
    assert set(named["label"][named["archive"] == "MSK4"]) <= {"MEL", "NV", "BKL"}


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_the_smallest_class_can_be_split_by_lesion(seed):
    lesions = pd.DataFrame(plan_lesions(np.random.default_rng(seed), 600)).groupby("label")["views"]
    assert lesions.sum().min() >= 24
    assert lesions.size().min() >= 9
    assert set(lesions.max()) == {5}
    assert (lesions.sum().drop("NV") < lesions.sum()["NV"] / 1.9).all()
