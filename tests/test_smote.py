"""SMOTE recipes are imbalanced-learn's own images, for pixels that imbalanced-learn itself would corrupt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE

from lesionflow.files import InputError
from lesionflow.smote import balance, keep_some, nearest_neighbours, smote_recipes, squared_distances


def collection(counts: dict[str, int], side: int = 8, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    labels = [label for label, count in counts.items() for _ in range(count)]
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), side, side, 3), dtype=np.uint8)
    return pd.Series(labels, index=[f"i{number:04d}" for number in range(len(labels))], name="label"), pixels


def mixed(training: pd.DataFrame, labels: pd.Series, pixels: np.ndarray) -> np.ndarray:
    flat = pixels.reshape(len(pixels), -1).astype(float)
    base = flat[labels.index.get_indexer(training["image"])]
    neighbour = flat[labels.index.get_indexer(training["neighbour"])]
    weight = training["weight"].to_numpy()[:, None]
    return (1 - weight) * base + weight * neighbour


def test_images_equal_those_of_imbalanced_learn():
    labels, pixels = collection({"A": 30, "B": 9, "C": 17})
    training = balance(labels, lambda i: pixels[labels.index.get_indexer(i)], 3, 30, oversample="smote", k_neighbors=5)
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
    training = balance(labels, lambda i: pixels[labels.index.get_indexer(i)], 0, 30, oversample="smote", k_neighbors=5)
    ours = mixed(training[training["neighbour"].notna()], labels, pixels)
    np.testing.assert_allclose(ours, right, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(1, 5), st.integers(1, 300), st.integers(0, 9))
def test_recipes(n, k, count, seed):
    k = min(k, n - 1)
    pixels = np.random.default_rng(seed).integers(0, 4, (n, 12), dtype=np.uint8)  # many ties and duplicates
    neighbours = nearest_neighbours(squared_distances(pixels), k)
    recipes = smote_recipes(neighbours, count, seed)
    assert len(recipes) == count
    assert recipes["weight"].between(0, 1).all()
    assert (recipes["base"] != recipes["neighbour"]).all()
    assert all(nb in neighbours[base] for base, nb in zip(recipes["base"], recipes["neighbour"], strict=True))


def test_squared_distances_are_exact():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9001), dtype=np.uint8)
    exact = ((pixels[:, None].astype(np.int64) - pixels[None]) ** 2).sum(axis=2)
    assert (squared_distances(pixels) == exact).all()
    assert (nearest_neighbours(np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]]), 2) == [[1, 2], [0, 2], [0, 1]]).all()


def test_both_arms_hold_the_same_real_images():
    labels, pixels = collection({"A": 50, "B": 12}, side=2)
    arms = [
        balance(labels, lambda i: pixels[labels.index.get_indexer(i)], 1, **dataset)
        for dataset in ({"limit": 20}, {"limit": 24, "real_limit": 20, "oversample": "smote", "k_neighbors": 5})
    ]
    real = [set(arm.loc[arm["neighbour"].isna(), "image"]) for arm in arms]
    assert real[0] == real[1] == set(keep_some(labels, 20, 1))
    assert arms[1]["label"].value_counts().to_dict() == {"A": 24, "B": 24}
    parents = arms[1].dropna()
    assert (labels[parents["image"]].to_numpy() == parents["label"]).all()
    assert (labels[parents["neighbour"]].to_numpy() == parents["label"]).all()


def test_a_class_too_small_for_smote():
    labels, pixels = collection({"A": 50, "B": 5}, side=2)
    with pytest.raises(InputError, match="Class B has 5 training images, SMOTE with k_neighbors 5 needs at least 6"):
        balance(labels, lambda i: pixels[labels.index.get_indexer(i)], 1, 50, oversample="smote", k_neighbors=5)


def test_order_of_rows_does_not_matter():
    labels, _ = collection({"A": 50, "B": 12})
    assert list(keep_some(labels, 20, 1)) == list(keep_some(labels.sample(frac=1, random_state=0), 20, 1))


def test_the_first_images_by_name():
    labels, _ = collection({"A": 5, "B": 2})
    shuffled = labels.sample(frac=1, random_state=0)
    assert list(keep_some(shuffled, 3, 1, "first")) == ["i0000", "i0001", "i0002", "i0005", "i0006"]
