"""What two printed confusion matrices of the same test images can say about the difference of their models."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from lesionflow.files import InputError


def printed_difference(a: np.ndarray, b: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """The range of exact McNemar p values that the matrices allow, one row per class and one for all images.

    `a` and `b` are counts [classes, classes], rows the true class. They do not tell which images both models classify
    correctly. If they classify r and s of n images of a class correctly, they agree on at least r + s - n and at most
    min(r, s) of these; the discordant images, correct for one model only, are r + s minus twice that number. With
    r - s fixed, p grows with the number of discordant images.

    Columns: class ("all" in the last row), images, right_a, right_b, discordant_low, discordant_high, p_low, p_high.
    Raises InputError for matrices of different images.
    """
    images = np.sum(a, axis=1)
    if not np.array_equal(images, np.sum(b, axis=1)):
        raise InputError("Two confusion matrices have different numbers of images per class: give two of one test set.")
    right = np.array([np.diag(a), np.diag(b)])
    low = abs(right[0] - right[1])
    high = right.sum(axis=0) - 2 * np.maximum(0, right.sum(axis=0) - images)
    rows = np.array([images, *right, low, high])
    rows = np.column_stack([rows, rows.sum(axis=1)])
    names = ["images", "right_a", "right_b", "discordant_low", "discordant_high"]
    table = pd.DataFrame(dict(zip(names, rows, strict=True)))
    table.insert(0, "class", [*classes, "all"])
    for end in ("low", "high"):
        p = [_p(*row) for row in table[["right_a", "right_b", f"discordant_{end}"]].itertuples(index=False)]
        table[f"p_{end}"] = p
    return table


def _p(right_a: int, right_b: int, discordant: int) -> float:
    """McNemar's exact two-sided p for `discordant` images that only one model classifies correctly."""
    if not discordant:
        return 1.0
    return float(stats.binomtest(int(discordant - abs(right_a - right_b)) // 2, int(discordant)).pvalue)
