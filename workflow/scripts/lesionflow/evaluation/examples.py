"""Which test images figures show: one of each class, and the most confident errors of a model.

`answers` is a table of test images: image, label, predicted (classes), probability (of the predicted class).
"""

from collections.abc import Sequence

import pandas as pd

MISTAKES = 6  # of each model


def read_answers(predictions: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """`answers` from test.csv; `label` is the class by image name."""
    probabilities = predictions.set_index("image")
    table = pd.DataFrame({"image": probabilities.index, "label": label[probabilities.index].to_numpy()})
    table["predicted"] = probabilities.idxmax(axis=1).to_numpy()
    return table.assign(probability=probabilities.max(axis=1).to_numpy())


def one_per_class(answers: pd.DataFrame, classes: Sequence[str], seed: int) -> pd.DataFrame:
    """One image of each class, drawn by `seed` from its names alone: the same for every model of a split."""
    drawn = answers.sort_values("image").groupby("label").sample(1, random_state=seed)
    return drawn.set_index("label", drop=False).reindex([name for name in classes if name in set(drawn["label"])])


def most_confident_errors(answers: pd.DataFrame) -> pd.DataFrame:
    """The most probable wrong answer of each pair of true and predicted class, the surest MISTAKES of these."""
    wrong = answers[answers["label"] != answers["predicted"]].sort_values("probability", ascending=False, kind="stable")
    return wrong.drop_duplicates(["label", "predicted"]).head(MISTAKES)
