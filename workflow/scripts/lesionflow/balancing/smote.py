"""SMOTE on images, without their pixels: imbalanced-learn chooses parents and weights, models are shown the mixture.

Given an identity matrix for the images of a class, imbalanced-learn's SMOTE returns rows that name both parents:
(1 - weight) in the column of one, weight in that of the other. Pixels are interpolated later, so memory depends on the
size of the class and not on the number of synthetic images, and uint8 pixels, whose differences wrap modulo 256 in
imbalanced-learn 0.14, never reach it.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from scipy import sparse
from sklearn.base import BaseEstimator

from lesionflow.files import InputError

Reader = Callable[[pd.Index], Iterable[np.ndarray]]  # names of images → their pixels, uint8 [n, …], in bands of rows

CHUNK = 1024  # values of each image in a Gram product
ROWS = 512  # of a distance matrix, sorted at a time


def squared_distances(row_blocks: Iterable[np.ndarray], n: int) -> np.ndarray:
    """Return exact squared Euclidean distances, float64 [n, n], between `n` images given as row blocks, uint8 [n, …].

    After subtracting 128, the product of two values is at most 2^14, and a sum of CHUNK products an integer of at most
    2^24, which float32 holds exactly: BLAS is twice as fast there, and computes one half of a symmetric product.
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
    """Return the `k` nearest other rows of each row, [n, k], nearest first; ties are broken by row number.

    `distances` [n, n] are integers below 2^63 / n.
    """
    n = len(distances)
    nearest = np.empty((n, k), np.int64)
    for start in range(0, n, ROWS):
        rows = np.arange(start, min(start + ROWS, n))
        # Distance and row number in one key: no two are equal, so every sorting algorithm gives the same order.
        keys = distances[rows].astype(np.int64) * n + np.arange(n)
        keys[np.arange(len(rows)), rows] = np.iinfo(np.int64).max
        keys.partition(k - 1)
        nearest[rows] = np.sort(keys[:, :k]) % n
    return nearest


class KnownNeighbours(BaseEstimator):
    """Precomputed neighbours behind the interface that imbalanced-learn expects."""

    def __init__(self, neighbours: np.ndarray):
        self.neighbours = neighbours

    def fit(self, X: np.ndarray) -> "KnownNeighbours":
        return self

    def kneighbors(self, X: np.ndarray, return_distance: bool = False) -> np.ndarray:
        return np.column_stack([np.arange(len(self.neighbours)), self.neighbours])

    def kneighbors_graph(self, X: np.ndarray) -> None:
        raise NotImplementedError("SMOTE checks for this method, but does not call it.")


def interpolations(neighbours: np.ndarray, count: int, seed: int) -> pd.DataFrame:
    """Return `count` synthetic images of one class as base, neighbour, weight: (1 - weight)·base + weight·neighbour.

    `neighbours` is [n, k]. The rows equal those of imbalanced-learn's SMOTE with this seed, in its order
    (N. V. Chawla et al., JAIR 16, 2002).
    """
    n = len(neighbours)
    # imbalanced-learn needs two classes; the other one already has as many rows as this one is to get.
    features = sparse.vstack([sparse.identity(n, format="csr"), sparse.csr_matrix((n + count, n))], format="csr")
    classes = np.repeat([0, 1], [n, n + count])
    smote = SMOTE(k_neighbors=KnownNeighbours(neighbours), random_state=seed)
    made = smote.fit_resample(features, classes)[0][-count:].tocoo()
    parents = pd.DataFrame({"row": made.row, "parent": made.col, "weight": made.data})
    parents = parents.sort_values(["row", "parent"]).groupby("row").agg(["first", "last"])
    first, last = parents["parent", "first"].to_numpy(), parents["parent", "last"].to_numpy()
    # A row names both parents, not which of them is the base: the base has the other among its neighbours.
    forward = (neighbours[first] == last[:, None]).any(axis=1)
    base, neighbour = np.where(forward, first, last), np.where(forward, last, first)
    weight = np.where(forward, parents["weight", "last"], parents["weight", "first"])
    return pd.DataFrame({"base": base, "neighbour": neighbour, "weight": weight})


def smote_rows(labels: pd.Series, read: Reader, seed: int, limit: int, k_neighbors: int) -> pd.DataFrame:
    """Return rows label, image, neighbour, weight that oversample each class of `labels` to `limit` images by SMOTE.

    `labels` are the classes of the real training images, by image. Raises InputError if a class is too small for
    `k_neighbors`.
    """
    rows = []
    counts = labels.value_counts().sort_index()
    for label, count in counts[counts < limit].items():
        if count <= k_neighbors:
            raise InputError(
                f"Class {label} has {count} training images, SMOTE with k_neighbors {k_neighbors} needs at least "
                f"{k_neighbors + 1}: lower `k_neighbors` of the dataset, or add images of the class."
            )
        members = labels.index[labels == label]
        neighbours = nearest_neighbours(squared_distances(read(members), count), k_neighbors)
        made = interpolations(neighbours, limit - count, seed)
        parents = {key: members[made[column]] for key, column in {"image": "base", "neighbour": "neighbour"}.items()}
        rows.append(pd.DataFrame({"label": label, **parents, "weight": made["weight"]}))
    return pd.concat(rows) if rows else pd.DataFrame()
