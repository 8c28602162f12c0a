"""Test images of several seeds, and the resampling of their groups: bootstrap draws and swaps of two models."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lesionflow.files import InputError

BLOCK = 250  # draws per block: weights of 14,000 groups take 14 MB


class SeedImages(NamedTuple):
    """Test images of one seed: class numbers [n], group numbers [n], and the number of groups in all seeds."""

    label: np.ndarray
    group: np.ndarray
    groups: int


@dataclass(frozen=True)
class Images:
    """Test images of all seeds: numbers of their seeds, groups and classes [n]. A group may be in several seeds.

    A seed is a unit that was drawn and trained independently of the others: one split with its models or, in
    cross-fitting, one partition with the models of all its folds, which together test each image once.
    """

    seed: np.ndarray
    group: np.ndarray
    label: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, classes: Sequence[str]) -> "Images":
        """From columns seed, image, group and label; raises InputError for a label that is not in `classes`."""
        label = pd.Index(classes).get_indexer(table["label"])
        if (label < 0).any():
            first = table[label < 0].iloc[0]
            raise InputError(
                f"Image {first['image']} has the label {first['label']}, which is none of {', '.join(classes)}: "
                "compare models on images of their own classes."
            )
        seed, group = (pd.factorize(table[name], sort=True)[0] for name in ("seed", "group"))
        return cls(seed, group, label)

    def seeds(self) -> Iterator[tuple[np.ndarray, SeedImages]]:
        """Row numbers and images of each seed."""
        for number in range(self.seed.max() + 1):
            rows = np.flatnonzero(self.seed == number)
            yield rows, SeedImages(self.label[rows], self.group[rows], self.group.max() + 1)

    def class_of_group(self) -> np.ndarray:
        """Class numbers [groups]; the first class where near duplicates joined several."""
        return pd.Series(self.label).groupby(self.group).min().to_numpy()


def multiplicities(images: Images, draws: int, seed: int) -> np.ndarray:
    """Bootstrap multiplicities of groups, uint8 [groups, 1 + draws]. Column 0 is the study itself, all ones.

    Groups are drawn with replacement within each class, g - 1 of g groups: draws of g would make the variance of a
    mean too small by (g - 1) / g, which matters for rare classes (Rao and Wu 1988,
    doi:10.1080/01621459.1988.10478591).
    """
    random, stratum = np.random.default_rng([seed, 1]), images.class_of_group()
    counts = np.ones((len(stratum), 1 + draws), np.uint8)  # 256 draws of one group do not occur
    for number in np.unique(stratum):
        members = np.flatnonzero(stratum == number)
        even = np.full(len(members), 1 / len(members))
        for columns in _blocks(draws):
            drawn = random.multinomial(max(1, len(members) - 1), even, size=columns.stop - columns.start)
            counts[members, columns.start + 1 : columns.stop + 1] = drawn.T
    return counts


def swaps(images: Images, draws: int, seed: int) -> np.ndarray:
    """Signs of permutations, int8 [groups, draws]: -1 if two models swap their answers for a group, else 1.

    All images of a group are swapped together, in all seeds.
    """
    random = np.random.default_rng([seed, 2])
    return random.integers(2, size=(images.group.max() + 1, draws), dtype=np.int8) * 2 - 1


def in_blocks(function: Callable[[np.ndarray], np.ndarray], table: np.ndarray) -> np.ndarray:
    """`function` of `table` [groups, draws] by blocks of draws, as float32; draws are the last axis of its result."""
    parts = [function(table[:, columns].astype(np.float32)) for columns in _blocks(table.shape[1])]
    return np.concatenate(parts, axis=-1)


def _blocks(draws: int) -> Iterator[slice]:
    """Slices of at most BLOCK draws."""
    for start in range(0, draws, BLOCK):
        yield slice(start, min(start + BLOCK, draws))
