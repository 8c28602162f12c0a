"""Balanced training lists: under-sampling, and SMOTE as recipes instead of pixels.

imbalanced-learn decides both. Given an identity matrix for the images of a class, its SMOTE returns rows that
spell their own recipe: (1 - weight) in the column of one parent, weight in that of the other. Pixels follow
later, so memory depends on the class and not on the number of synthetic images, and uint8 pixels, whose
differences imbalanced-learn 0.14 lets wrap modulo 256, never reach it.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler
from scipy import sparse
from sklearn.base import BaseEstimator

from lesionflow.files import InputError

COLUMNS = ["label", "image", "neighbour", "weight"]
CHUNK = 1024  # values of each image in a Gram product
ROWS = 512  # of a distance matrix, sorted at a time


def undersampled(labels: pd.Series, limit: int, seed: int, undersample: str = "random") -> pd.Index:
    """At most `limit` images per class, "random" or the "first" by name; `labels` is indexed by image."""
    labels = labels.sort_index()
    if undersample == "first":
        return labels.groupby(labels).head(limit).index
    counts = labels.value_counts()
    sampler = RandomUnderSampler(sampling_strategy=counts.clip(upper=limit).to_dict(), random_state=seed)
    sampler.fit_resample(np.zeros((len(labels), 1)), labels.to_numpy())
    return labels.index[np.sort(sampler.sample_indices_)]


def squared_distances(row_blocks: Iterable[np.ndarray], n: int) -> np.ndarray:
    """Exact squared Euclidean distances, float64 [n, n], between `n` images that come cut in bands, uint8 [n, …].

    Less 128, two values have a product of at most 2^14, and a sum of CHUNK of them is a whole number of at most 2^24,
    which float32 holds exactly: BLAS is twice as fast there, and works out one half of a symmetric product.
    """
    gram = np.zeros((n, n))
    for band in row_blocks:
        columns = band.reshape(n, -1)
        for start in range(0, columns.shape[1], CHUNK):
            chunk = np.subtract(columns[:, start : start + CHUNK], 128, dtype=np.float32)
            gram += chunk @ chunk.T
    norms = gram.diagonal().copy()
    gram *= -2
    gram += norms
    gram += norms[:, None]
    return gram


def nearest_neighbours(distances: np.ndarray, k: int) -> np.ndarray:
    """The `k` nearest other rows of each row, [n, k], nearest first; ties break by row number.

    `distances` [n, n] are whole numbers below 2^63 / n.
    """
    n = len(distances)
    nearest = np.empty((n, k), np.int64)
    for start in range(0, n, ROWS):
        rows = np.arange(start, min(start + ROWS, n))
        # Distance and row number in one key: no two are equal, and so any way of sorting gives the same order.
        keys = distances[rows].astype(np.int64) * n + np.arange(n)
        keys[np.arange(len(rows)), rows] = np.iinfo(np.int64).max
        keys.partition(k - 1)
        nearest[rows] = np.sort(keys[:, :k]) % n
    return nearest


class KnownNeighbours(BaseEstimator):
    """Neighbours found beforehand, in the form in which imbalanced-learn asks for them."""

    def __init__(self, neighbours: np.ndarray):
        self.neighbours = neighbours

    def fit(self, X: np.ndarray) -> "KnownNeighbours":
        return self

    def kneighbors(self, X: np.ndarray, return_distance: bool = False) -> np.ndarray:
        return np.column_stack([np.arange(len(self.neighbours)), self.neighbours])

    def kneighbors_graph(self, X: np.ndarray) -> None:
        raise NotImplementedError("SMOTE does not ask for the graph, but checks that there is one.")


def interpolations(neighbours: np.ndarray, count: int, seed: int) -> pd.DataFrame:
    """`count` synthetic images of one class, as rows base, neighbour, weight: (1 - weight)·base + weight·neighbour.

    `neighbours` is [n, k]. The rows are those that imbalanced-learn's SMOTE makes with this seed, in its order
    (N. V. Chawla et al., JAIR 16, 2002).
    """
    n = len(neighbours)
    # imbalanced-learn wants two classes; a row of the other one, as large as the target, asks for nothing.
    features = sparse.vstack([sparse.identity(n, format="csr"), sparse.csr_matrix((n + count, n))], format="csr")
    classes = np.repeat([0, 1], [n, n + count])
    smote = SMOTE(k_neighbors=KnownNeighbours(neighbours), random_state=seed)
    made = smote.fit_resample(features, classes)[0][-count:].tocoo()
    parents = pd.DataFrame({"row": made.row, "parent": made.col, "share": made.data})
    parents = parents.sort_values(["row", "parent"]).groupby("row").agg(["first", "last"])
    first, last = parents["parent", "first"].to_numpy(), parents["parent", "last"].to_numpy()
    # A share tells both parents, not which of them was the base; a base has the other among its neighbours.
    forward = (neighbours[first] == last[:, None]).any(axis=1)
    base, neighbour = np.where(forward, first, last), np.where(forward, last, first)
    weight = np.where(forward, parents["share", "last"], parents["share", "first"])
    return pd.DataFrame({"base": base, "neighbour": neighbour, "weight": weight})


def balance(
    labels: pd.Series,
    row_blocks: Callable[[pd.Index], Iterable[np.ndarray]],
    seed: int,
    limit: int,
    real_limit: int | None = None,
    oversample: str | None = None,
    k_neighbors: int = 5,
    undersample: str = "random",
) -> pd.DataFrame:
    """A training list with COLUMNS: at most `real_limit` (or `limit`) real images per class, filled up by SMOTE.

    `labels` holds the training part, by image; `bands` returns some of its images cut in pieces, uint8 [n, …] each.
    """
    real = undersampled(labels, real_limit or limit, seed, undersample)
    lists = [pd.DataFrame({"label": labels[real], "image": real, "neighbour": None, "weight": 0.0})]
    for label, count in labels[real].value_counts().sort_index().items():
        if oversample is None or count >= limit:
            continue
        if count <= k_neighbors:
            raise InputError(
                f"Class {label} has {count} training images, SMOTE with k_neighbors {k_neighbors} needs at least "
                f"{k_neighbors + 1}: lower `k_neighbors` of the dataset, or add images of the class."
            )
        members = real[labels[real] == label]
        neighbours = nearest_neighbours(squared_distances(row_blocks(members), count), k_neighbors)
        recipes = interpolations(neighbours, limit - count, seed)
        lists.append(
            pd.DataFrame(
                {
                    "label": label,
                    "image": members[recipes["base"]],
                    "neighbour": members[recipes["neighbour"]],
                    "weight": recipes["weight"],
                }
            )
        )
    return pd.concat(lists, ignore_index=True)[COLUMNS]
