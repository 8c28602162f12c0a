"""Predictions and metrics per lesion: what a model says of all test images of a lesion together."""

from collections.abc import Sequence

import pandas as pd

from lesionflow.evaluation.metrics import score


def lesion_predictions(images: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """One row per seed and lesion, or per image where the lesion is unknown, with the columns of `images`.

    `images` has seed, image, lesion (missing if unknown), group, label and one probability per class. Probabilities
    are means over the images of a lesion. `image` names the lesion or the image. Lesions whose images have several
    labels are left out.
    """
    unit = ("lesion " + images["lesion"].astype("str")).fillna("image " + images["image"])
    images = images.sort_values("image").assign(image=unit)  # a sum depends on its order, in its last digit
    images = images[images.groupby(["seed", "image"])["label"].transform("nunique") == 1]
    same, means = dict.fromkeys(["lesion", "group", "label"], "first"), dict.fromkeys(classes, "mean")
    return images.groupby(["seed", "image"], as_index=False).agg(same | means)


def metrics_per_lesion(images: pd.DataFrame, classes: Sequence[str]) -> dict | None:
    """`score` of `lesion_predictions`, or None if it has no lesion. Takes the same `images`.

    Beside the metrics there are the numbers of lesions, of images_without_lesion, of both together (units) and of
    lesions_of_several_classes, which are left out. A lesion counts once per seed.
    """
    table = lesion_predictions(images, classes)
    lesions = int(table["lesion"].notna().sum())
    if not lesions:
        return None
    known = images.dropna(subset="lesion").drop_duplicates(["seed", "lesion"])
    label = pd.Categorical(table["label"], categories=classes).codes
    found = score(table[classes].to_numpy(), label, table["group"], classes)
    for scores in (found, *found["per_class"].values()):
        scores["units"] = scores.pop("images")
    counts = {"lesions": lesions, "images_without_lesion": len(table) - lesions}
    return counts | {"lesions_of_several_classes": len(known) - lesions} | found
