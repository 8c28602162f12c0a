"""Balanced training lists: undersampling of frequent classes, oversampling of rare ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from imblearn.under_sampling import RandomUnderSampler

from lesionflow.balancing.smote import Reader, smote_rows

COLUMNS = ["label", "image", "neighbour", "weight"]


def balance(
    labels: pd.Series,
    read: Reader,
    seed: int,
    limit: int,
    real_limit: int | None = None,
    oversample: str | None = None,
    undersample: str = "random",
    **options: Any,
) -> pd.DataFrame:
    """Return a training list with COLUMNS: at most `real_limit` (or `limit`) real images per class.

    Classes below `limit` are oversampled to it by the method `oversample` with `options`. `labels` are the classes of
    the training part, by image; `read` returns pixels of some of its images.
    """
    kept = labels[undersampled(labels, real_limit or limit, seed, undersample)]
    real = pd.DataFrame({"label": kept, "image": kept.index, "neighbour": None, "weight": 0.0})
    rows = [real, METHODS[oversample](kept, read, seed, limit, **options)] if oversample else [real]
    return pd.concat(rows, ignore_index=True)[COLUMNS]


def undersampled(labels: pd.Series, limit: int, seed: int, undersample: str = "random") -> pd.Index:
    """Return at most `limit` images per class, "random" or the "first" by name; `labels` is indexed by image."""
    labels = labels.sort_index()
    if undersample == "first":
        return labels.groupby(labels).head(limit).index
    counts = labels.value_counts()
    sampler = RandomUnderSampler(sampling_strategy=counts.clip(upper=limit).to_dict(), random_state=seed)
    sampler.fit_resample(np.zeros((len(labels), 1)), labels.to_numpy())
    return labels.index[np.sort(sampler.sample_indices_)]


# How classes are filled up: (labels of the real images, read, seed, limit, options of the dataset) → synthetic rows
# with COLUMNS. An image is (1 - weight)·image + weight·neighbour; a plain copy is its own neighbour.
METHODS: dict[str, Callable[..., pd.DataFrame]] = {"smote": smote_rows}
