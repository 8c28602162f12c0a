"""Duplicate detection: equal files, equal pixels and near duplicates, also mirrored or rotated by multiples of 90°."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesionflow.data.images import SIDE, grey_thumbnail, perceptual_hashes

CANDIDATES = 4_000_000  # pairs compared at a time, 100 MB


def eight_views(images: np.ndarray) -> list[np.ndarray]:
    """Return square images [n, size, size] in the eight orientations of the square, upright first."""
    return [np.rot90(way, turns, axes=(1, 2)) for way in (images, images.swapaxes(1, 2)) for turns in range(4)]


def eight_hashes(phash: pd.Series, images: pd.Series, read: Callable[[pd.Series], np.ndarray]) -> np.ndarray:
    """Return 64-bit hashes, uint64 [n, 8], of images in the eight orientations of the square, upright first.

    Upright hashes are given as hexadecimal digits; the others are computed from the packed pixels that `read` returns.
    """
    hashes = np.empty((len(phash), 8), np.uint64)
    hashes[:, 0] = [int(digits, 16) for digits in phash]
    for rows in np.array_split(np.arange(len(phash)), len(phash) // 1000 + 1):
        small = np.stack([grey_thumbnail(pixels) for pixels in read(images.iloc[rows])])
        for column, view in enumerate(eight_views(small)[1:], start=1):
            hashes[rows, column] = perceptual_hashes(view)
    return hashes


def near_pairs(hashes: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """Yield pairs of rows, [m, 2], where some orientation of one is within `distance` bits of the other upright.

    Multi-index hashing (M. Norouzi et al., CVPR 2012): among `distance` + 1 bands of bits, two hashes that differ in at
    most `distance` bits agree in at least one. Rows with equal upright hashes are compared once.
    """
    upright, first = np.unique(hashes[:, 0], return_index=True)
    turned = hashes[first]
    # Neighbouring bits of a pHash are correlated: interleaving spreads them evenly over the bands.
    for band in range(distance + 1):
        mask = np.uint64(sum(1 << bit for bit in range(band, 64, distance + 1)))
        keys = upright & mask
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for orientation in range(hashes.shape[1]):
            wanted = turned[:, orientation] & mask
            start = np.searchsorted(keys, wanted, "left")
            count = np.searchsorted(keys, wanted, "right") - start
            for rows in _chunks(count):
                row = np.repeat(np.arange(rows.start, rows.stop), count[rows])
                step = np.arange(len(row)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
                other = order[np.repeat(start[rows], count[rows]) + step]
                near = np.bitwise_count(turned[row, orientation] ^ upright[other]) <= distance
                near &= row < other
                if near.any():
                    yield np.column_stack([first[row[near]], first[other[near]]])


def _chunks(count: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows with about CANDIDATES candidates each."""
    edges = np.searchsorted(np.cumsum(count), np.arange(0, count.sum() + CANDIDATES, CANDIDATES))
    edges[-1] = len(count)
    for start, stop in itertools.pairwise(edges):
        if stop > start:
            yield slice(start, stop)


def component_labels(images: pd.Series, pairs: np.ndarray) -> pd.Series:
    """Return the first image of each image's connected component; `pairs` [m, 2] are row numbers."""
    n = len(images)
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    return images.groupby(component).transform("min")


def pairs_with_equal_value(values: pd.Series) -> np.ndarray:
    """Pair each row with the first row of equal value, [m, 2]. Missing values are never equal."""
    codes, _ = pd.factorize(values)
    rows = np.flatnonzero(codes >= 0)
    first = np.full(codes.max(initial=-1) + 1, len(values))
    np.minimum.at(first, codes[rows], rows)
    return np.column_stack([rows, first[codes[rows]]])[rows != first[codes[rows]]]


def thumbnails(pixels: np.ndarray) -> np.ndarray:
    """Return images uint8 [n, size, size, 3] as zero-mean unit vectors per channel, float32 [n, SIDE, SIDE, 3]."""
    side = (SIDE, SIDE)
    small = np.stack([np.asarray(Image.fromarray(image).resize(side, Image.Resampling.BOX)) for image in pixels])
    small = small - small.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return small / np.maximum(np.sqrt((small**2).sum(axis=(1, 2, 3), keepdims=True)), 1e-6)


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the highest correlation [n] of images [n, size, size, 3] with `other` over the eight orientations."""
    one, other = thumbnails(one), thumbnails(other)
    turned = [np.rot90(side, turns, (1, 2)) for side in (one, one[:, :, ::-1]) for turns in range(4)]
    return np.max([(view * other).sum(axis=(1, 2, 3)) for view in turned], axis=0)


def find_duplicates(
    packed: pd.DataFrame, read: Callable[[pd.Series], np.ndarray], distance: int, correlation: float
) -> pd.DataFrame:
    """Return columns image, file, pixels, near_duplicate: the sets of each image, named by their first image.

    `packed` has image, sha256, pixels and phash of readable images; `read` returns their packed pixels. Near duplicates
    have perceptual hashes that differ in at most `distance` bits and thumbnails with a correlation of at least
    `correlation` in one of eight orientations; the hash alone confuses many round dark lesions. Names with and without
    `_downsampled` are near duplicates too.
    """
    packed = packed.sort_values("image", ignore_index=True)
    sets = {key: pairs_with_equal_value(packed[column]) for key, column in (("file", "sha256"), ("pixels", "pixels"))}
    hashes = eight_hashes(packed["phash"], packed["image"], read)
    near = [sets["pixels"], pairs_with_equal_value(packed["image"].str.removesuffix("_downsampled"))]
    for pairs in [pairs_with_equal_value(pd.Series(hashes[:, 0])), *near_pairs(hashes, distance)]:
        for some in np.array_split(pairs, len(pairs) // 1000 + 1):
            if len(some):
                one, other = (read(packed["image"].iloc[column]) for column in some.T)
                near.append(some[correlations(one, other) >= correlation])
    sets["near_duplicate"] = np.concatenate(near)
    return packed[["image"]].assign(**{key: component_labels(packed["image"], pairs) for key, pairs in sets.items()})


def pairs_of_sets(sets: pd.DataFrame) -> pd.DataFrame:
    """Return columns first, second and kind: each image with the first of its set, under the strictest kind.

    `sets` is from `find_duplicates`.
    """
    kinds = {"file": "same file", "pixels": "same pixels", "near_duplicate": "near duplicate"}
    found = [
        pd.DataFrame({"first": rows[key], "second": rows["image"], "kind": name})
        for key, name in kinds.items()
        for rows in [sets[sets[key].isin(sets["image"]) & (sets[key] != sets["image"])]]
    ]
    return pd.concat(found).drop_duplicates(["first", "second"]).reset_index(drop=True)
