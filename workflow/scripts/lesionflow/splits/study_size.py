"""What difference between two models a planned study can detect, given its images, lesions and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class Assumptions:
    """Assumed properties of the planned comparison; the defaults are rounded from measurements.

    Measured on 1,118 images of 780 lesions of ISIC 2019: logistic regression on features of EfficientNet-Lite0 and
    -Lite1, cross-fitted by lesion (5 folds, 5 partitions), SMOTE against undersampling and backbone against backbone.
    `size_variation` is that of all 25,331 training images. Fine-tuned networks may differ: measure on a pilot study.

    discordance: fraction of images per class that only one model classifies correctly (measured: 0.17 to 0.18 for
    SMOTE, 0.22 to 0.27 otherwise).
    lesion_correlation: of the paired difference between two images of a lesion (0.10 to 0.23).
    persistence: correlation of the paired difference of an image between seeds (0.02 to 0.32).
    training: standard deviation of the difference in balanced accuracy between trainings, on the same test images
    (0 to 0.020, mean 0.007).
    size_variation: squared coefficient of variation of images per lesion (0.39 to 1.30 per class).
    """

    discordance: float = 0.25
    lesion_correlation: float = 0.2
    persistence: float = 0.2
    training: float = 0.01
    size_variation: float = 0.65


def detectable_differences(
    images: Sequence[int],
    lesions: Sequence[int],
    test: int,
    seeds: Sequence[int] = (1, 5, 10),
    assumptions: Assumptions | None = None,
) -> pd.DataFrame:
    """The smallest true difference in balanced accuracy detected with 80 % power at the two-sided level 0.05.

    `images` and `lesions` are numbers per class; `test` is the number of test images per class in one split.
    Columns: split ("independent": each seed draws its own test images; "cross_fitted": each seed tests every image
    once), seeds, test_images (per seed) and detectable (fraction). Holm's method needs a larger difference.

    detectable = (1.96 + 0.84) · SE, with SE² = Σ_k V_k / K² + training² / seeds over K classes and

    V_k = discordance · (1 + (m - 1) · lesion_correlation) · (1 / (seeds · t) + (1 - 1 / seeds) · persistence / n)

    for n images of a class, t of them tested per seed. m = n / lesions · (1 + size_variation) is the expected size of
    the lesion of a random image. Assumes a small difference (`discordance` is then the variance of the paired
    difference of an image) and lesions that are small beside t: with t = 25 and lesions of up to 12 images, SE is 7 %
    too large in simulations.
    """
    given = assumptions or Assumptions()
    n = np.asarray(images, float)
    size = n / np.asarray(lesions) * (1 + given.size_variation)
    variance = given.discordance * (1 + np.maximum(size - 1, 0) * given.lesion_correlation)
    z = stats.norm.ppf([0.975, 0.8]).sum()
    rows = []
    for split, tested in (("independent", np.minimum(test, n)), ("cross_fitted", n)):
        for count in seeds:
            spread = variance * (1 / (count * tested) + (1 - 1 / count) * given.persistence / n)
            error = np.sqrt(spread.sum() / len(n) ** 2 + given.training**2 / count)
            rows.append({"split": split, "seeds": count, "test_images": int(tested.sum()), "detectable": z * error})
    return pd.DataFrame(rows)
