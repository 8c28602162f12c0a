"""SMOTE recipes are imbalanced-learn's own images, for pixels that imbalanced-learn itself would corrupt."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE

from lesionflow.balancing.smote import balance, interpolations, nearest_neighbours, squared_distances, undersampled
from lesionflow.data.store import Store
from lesionflow.files import InputError


def collection(counts: dict[str, int], side: int = 8, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    labels = [label for label, count in counts.items() for _ in range(count)]
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), side, side, 3), dtype=np.uint8)
    return pd.Series(labels, index=[f"i{number:04d}" for number in range(len(labels))], name="label"), pixels


def reader(labels: pd.Series, pixels: np.ndarray, height: int = 3) -> Callable[[pd.Index], Iterator[np.ndarray]]:
    """What `balance` reads by, here from memory: bands of `height` lines."""
    starts = range(0, pixels.shape[1], height)
    return lambda images: (pixels[labels.index.get_indexer(images), start : start + height] for start in starts)


def mixed(training: pd.DataFrame, labels: pd.Series, pixels: np.ndarray) -> np.ndarray:
    flat = pixels.reshape(len(pixels), -1).astype(float)
    base = flat[labels.index.get_indexer(training["image"])]
    neighbour = flat[labels.index.get_indexer(training["neighbour"])]
    weight = training["weight"].to_numpy()[:, None]
    return (1 - weight) * base + weight * neighbour


def test_images_equal_those_of_imbalanced_learn():
    labels, pixels = collection({"A": 30, "B": 9, "C": 17})
    training = balance(labels, reader(labels, pixels), 3, 30, oversample="smote", k_neighbors=5)
    synthetic = training[training["neighbour"].notna()]
    floats = pixels.reshape(len(pixels), -1).astype(np.float64)
    theirs, their_labels = SMOTE(k_neighbors=5, random_state=3).fit_resample(floats, labels.to_numpy())
    np.testing.assert_allclose(mixed(synthetic, labels, pixels), theirs[len(labels) :], atol=1e-6)
    assert list(synthetic["label"]) == list(their_labels[len(labels) :])


def test_uint8_pixels_never_reach_imbalanced_learn():
    """The trap: imbalanced-learn 0.14 takes uint8 and returns images far from any line between two parents."""
    labels, pixels = collection({"A": 30, "B": 9})
    flat = pixels.reshape(len(pixels), -1)
    theirs = SMOTE(k_neighbors=5, random_state=0).fit_resample(flat, labels.to_numpy())[0][39:].astype(float)
    right = SMOTE(k_neighbors=5, random_state=0).fit_resample(flat.astype(float), labels.to_numpy())[0][39:]
    assert np.abs(theirs - right).max() > 50, "imbalanced-learn was mended: the docstring of smote.py is out of date"
    training = balance(labels, reader(labels, pixels), 0, 30, oversample="smote", k_neighbors=5)
    ours = mixed(training[training["neighbour"].notna()], labels, pixels)
    np.testing.assert_allclose(ours, right, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(1, 5), st.integers(1, 300), st.integers(0, 9))
def test_recipes(n, k, count, seed):
    k = min(k, n - 1)
    pixels = np.random.default_rng(seed).integers(0, 4, (n, 12), dtype=np.uint8)  # many ties and duplicates
    neighbours = nearest_neighbours(squared_distances([pixels], n), k)
    recipes = interpolations(neighbours, count, seed)
    assert len(recipes) == count
    assert recipes["weight"].between(0, 1).all()
    assert (recipes["base"] != recipes["neighbour"]).all()
    assert all(nb in neighbours[base] for base, nb in zip(recipes["base"], recipes["neighbour"], strict=True))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.lists(st.integers(1, 3000), min_size=1, max_size=4), st.sampled_from([1, 9, 256]))
def test_squared_distances_are_exact(n, widths, shades):
    random = np.random.default_rng(sum(widths))
    bands = [random.integers(0, shades, (n, width), dtype=np.uint8) for width in widths]
    pixels = np.concatenate(bands, axis=1).astype(np.int64)
    assert (squared_distances(bands, n) == ((pixels[:, None] - pixels[None]) ** 2).sum(axis=2)).all()


def test_squared_distances_are_exact_where_sums_are_largest():
    """Dark images: less 128, their values are large, of one sign, and have odd products."""
    pixels = np.ones((2, 224 * 224 * 3), np.uint8)
    pixels[1, 0] = 0
    assert squared_distances([pixels], 2).tolist() == [[0, 1], [1, 0]]
    pixels[1, 1:] = 255
    assert squared_distances([pixels], 2)[0, 1] == 1 + (224 * 224 * 3 - 1) * 254**2


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 700), st.integers(1, 8), st.sampled_from([1, 3, 2**33]), st.integers(0, 9))
def test_nearest_neighbours_break_ties_by_row_number(n, k, largest, seed):
    """As sorting all of each row in a stable way does."""
    k = min(k, n - 1)
    distances = np.random.default_rng(seed).integers(0, largest, (n, n)).astype(float)
    nearest = nearest_neighbours(distances, k)
    np.fill_diagonal(distances, np.inf)
    assert (nearest == np.argsort(distances, axis=1, kind="stable")[:, :k]).all()


def test_distances_from_a_store_on_disk(tmp_path):
    """Read in bands, from two shards, in any order, they equal those of pixels read at once."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 20, 20, 3), dtype=np.uint8)
    np.save(tmp_path / "a.npy", pixels[:4])
    np.save(tmp_path / "b.npy", pixels[4:])
    manifest = pd.DataFrame({"image": range(9), "shard": list("aaaabbbbb"), "row": [0, 1, 2, 3, 0, 1, 2, 3, 4]})
    store = Store(manifest, {"a": tmp_path / "a.npy", "b": tmp_path / "b.npy"})
    positions = np.array([7, 0, 3, 8, 4])
    bands = list(store.row_blocks(positions, 6))
    assert [band.shape for band in bands] == [(5, height, 20, 3) for height in (6, 6, 6, 2)]
    assert (np.concatenate(bands, axis=1) == pixels[positions]).all()
    assert (squared_distances(bands, 5) == squared_distances([store.read(positions)], 5)).all()


def test_both_arms_hold_the_same_real_images():
    labels, pixels = collection({"A": 50, "B": 12}, side=2)
    arms = [
        balance(labels, reader(labels, pixels), 1, **dataset)
        for dataset in ({"limit": 20}, {"limit": 24, "real_limit": 20, "oversample": "smote", "k_neighbors": 5})
    ]
    real = [set(arm.loc[arm["neighbour"].isna(), "image"]) for arm in arms]
    assert real[0] == real[1] == set(undersampled(labels, 20, 1))
    assert arms[1]["label"].value_counts().to_dict() == {"A": 24, "B": 24}
    parents = arms[1].dropna()
    assert (labels[parents["image"]].to_numpy() == parents["label"]).all()
    assert (labels[parents["neighbour"]].to_numpy() == parents["label"]).all()


def test_a_class_too_small_for_smote():
    labels, pixels = collection({"A": 50, "B": 5}, side=2)
    with pytest.raises(InputError, match="Class B has 5 training images, SMOTE with k_neighbors 5 needs at least 6"):
        balance(labels, reader(labels, pixels), 1, 50, oversample="smote", k_neighbors=5)


def test_order_of_rows_does_not_matter():
    labels, _ = collection({"A": 50, "B": 12})
    assert list(undersampled(labels, 20, 1)) == list(undersampled(labels.sample(frac=1, random_state=0), 20, 1))


def test_the_first_images_by_name():
    labels, pixels = collection({"A": 5, "B": 2})
    shuffled = labels.sample(frac=1, random_state=0)
    first = ["i0000", "i0001", "i0002", "i0005", "i0006"]
    assert list(undersampled(shuffled, 3, 1, "first")) == first
    assert list(balance(shuffled, reader(labels, pixels), 1, 3, undersample="first")["image"]) == first


def test_real_images_are_drawn_by_the_seed_up_to_the_limit():
    labels, pixels = collection({"A": 50, "B": 12, "C": 20})
    drawn = [undersampled(labels, 20, seed) for seed in (1, 2)]
    assert labels[drawn[0]].value_counts().to_dict() == {"A": 20, "B": 12, "C": 20}
    assert set(drawn[0]) != set(drawn[1])
    training = balance(labels, reader(labels, pixels), 1, 20, oversample="smote")
    real = training[training["neighbour"].isna()]
    assert set(real["image"]) == set(drawn[0]) and (real["weight"] == 0).all()
    assert training["label"].value_counts().to_dict() == {"A": 20, "B": 20, "C": 20}
