"""Test images for figures: one per class, and the most confident errors of a model.

`predictions` is a table of test images: image, label, predicted (classes), probability (of the predicted class).
"""

from collections.abc import Sequence

import pandas as pd

MISTAKES = 6  # per model


def read_answers(probabilities: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """Return `predictions` from a test.csv; `label` is the class by image name."""
    probabilities = probabilities.set_index("image")
    table = pd.DataFrame({"image": probabilities.index, "label": label[probabilities.index].to_numpy()})
    table["predicted"] = probabilities.idxmax(axis=1).to_numpy()
    return table.assign(probability=probabilities.max(axis=1).to_numpy())


def one_per_class(predictions: pd.DataFrame, classes: Sequence[str], seed: int) -> pd.DataFrame:
    """Sample one image per class with `seed` from the names alone: the same for every model of a split."""
    drawn = predictions.sort_values("image").groupby("label").sample(1, random_state=seed)
    return drawn.set_index("label", drop=False).reindex([name for name in classes if name in set(drawn["label"])])


def most_confident_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the most confident error per pair of true and predicted class, the first MISTAKES of them."""
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    wrong = wrong.sort_values("probability", ascending=False, kind="stable")
    return wrong.drop_duplicates(["label", "predicted"]).head(MISTAKES)
