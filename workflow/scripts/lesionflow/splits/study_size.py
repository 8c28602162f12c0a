"""What difference between two models a planned study can detect, given its images, lesions and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from lesionflow.data.manifest import groups
from lesionflow.splits.methods import PARTS

# Columns of study_size.csv, in the order of their costs with five folds.
DESIGNS = {
    "independent_1": "one seed",
    "independent_5": "5 seeds",
    "cross_fitted_1": "cross-fitting with 1 partition",
    "independent_10": "10 seeds",
    "cross_fitted_5": "cross-fitting with 5 partitions",
    "cross_fitted_10": "cross-fitting with 10 partitions",
}


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
    test: int | Sequence[int],
    seeds: Sequence[int] = (1, 5, 10),
    assumptions: Assumptions | None = None,
) -> pd.DataFrame:
    """The smallest true difference in balanced accuracy detected with 80 % power at the two-sided level 0.05.

    `images` and `lesions` are numbers per class; `test` is the number of test images of each class in one
    split, or of all classes one after the other.
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


def study_size(
    labels: pd.DataFrame, classes: Sequence[str], test: int | Sequence[int], group_by: Sequence[str] = ("lesion",)
) -> pd.DataFrame:
    """The contents of study_size.csv: one row per class, and "all".

    `labels` has the columns image, label, lesion (missing: the image counts as one lesion) and those of `group_by`;
    `test` as above. Columns: class, images, lesions, folds (the most into which the groups of a class can be divided, 0
    if they do not suffice for training, validation and test), and in the last row the detectable difference in balanced
    accuracy of each of DESIGNS, for groups in the place of lesions.
    """
    labels = labels[labels["label"].isin(classes)].sort_values("image", ignore_index=True)
    lesion = labels["lesion"].fillna(labels["image"]).groupby(labels["label"]).nunique()
    table = pd.DataFrame({"images": labels["label"].value_counts(), "lesions": lesion}).reindex(classes)
    group = groups(labels, group_by).groupby(labels["label"]).nunique().reindex(classes)
    table["folds"] = group.where(group >= len(PARTS), 0)
    found = detectable_differences(table["images"], group, test)
    total = table[["images", "lesions"]].sum().to_dict() | {"folds": table["folds"].min()}
    total |= {f"{split}_{seeds}": found for split, seeds, _, found in found.itertuples(index=False)}
    table.loc["all", list(total)] = pd.Series(total)
    counts = ["images", "lesions", "folds"]
    return table.astype(dict.fromkeys(counts, int)).rename_axis("class").reset_index()


def what_it_takes(size: pd.DataFrame, margin: float) -> str:
    """The first of DESIGNS that detects a difference of `margin`, in words; `size` is from `study_size`."""
    found = size.set_index("class").loc["all", list(DESIGNS)].astype(float)
    enough = found[found <= margin]
    if len(enough):
        return f"{DESIGNS[enough.index[0]]} would detect about {enough.iloc[0]:.3f}"
    return f"even {DESIGNS[found.idxmin()]} would detect no less than about {found.min():.3f}"
