"""Classification metrics, with a lesion-level bootstrap interval of balanced accuracy.

`METRICS` lists them once: metrics.json, the tables, their notes and the model card all read it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk

REPLICATES = 2000


@dataclass(frozen=True)
class Metric:
    """One metric.

    `compute(label, predicted, probability)` gets class numbers [n], class numbers [n] and probabilities [n, classes].
    A `per_class` metric is computed for each class against the rest, from booleans [n], booleans [n] and
    probabilities [n], and averaged over classes; the average is called `key`_macro. `tables` says where the metric is
    shown: "results" (Table 4.1, under `header`), "per_class", "global" (tables 3.2 to 3.13), "card". An `averaged`
    metric compares probabilities with each other: of several models it is averaged, not computed on pooled predictions.
    """

    key: str
    name: str
    compute: Callable[[np.ndarray, np.ndarray, np.ndarray], float]
    explanation: str = ""
    header: str = ""
    per_class: bool = False
    averaged: bool = False
    decimals: int = 3
    tables: frozenset[str] = frozenset()

    @property
    def column(self) -> str:
        """Its name for all classes together, in metrics.json and table_4_1.csv."""
        return f"{self.key}_macro" if self.per_class else self.key


def mean_sensitivity(label: np.ndarray, predicted: np.ndarray) -> float:
    """Balanced accuracy: the mean, over the classes there are, of the fraction of their images found."""
    return float(pd.Series(label == predicted).groupby(label).mean().mean())


def specificity(label: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> float:
    """The fraction of images of other classes that are not predicted as the class."""
    return sk.recall_score(~label, ~predicted, zero_division=np.nan)


def _of_classes(score: Callable, **options: Any) -> Callable:
    """A metric of scikit-learn that compares predicted with true classes, as a `compute`."""
    return lambda label, predicted, probability: score(label, predicted, **options)


METRICS = [
    Metric(
        "accuracy",
        "accuracy",
        _of_classes(sk.accuracy_score),
        "correct predictions / all images, over all classes at once; a frequent class counts more.",
        header="Acc.",
        tables=frozenset({"results", "global", "card"}),
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        lambda label, predicted, probability: mean_sensitivity(label, predicted),
        "mean sensitivity over classes; chance is 1 / number of classes.",
        header="Bal. acc.",
        tables=frozenset({"results", "card"}),
    ),
    Metric(
        "precision",
        "precision",
        _of_classes(sk.precision_score, zero_division=0),
        "TP / (TP + FP), the fraction of images predicted as the class that belong to it. It depends on how frequent "
        "the class is among the test images, which differs from its frequency in a clinic.",
        header="Prec.",
        per_class=True,
        tables=frozenset({"results", "per_class", "global", "card"}),
    ),
    Metric(
        "sensitivity",
        "sensitivity",
        _of_classes(sk.recall_score, zero_division=0),
        "TP / (TP + FN), the fraction of images of the class that are found. Like specificity, it does not depend on "
        "class frequencies.",
        header="Sens.",
        per_class=True,
        tables=frozenset({"results", "per_class", "global", "card"}),
    ),
    Metric(
        "specificity",
        "specificity",
        specificity,
        "TN / (TN + FP), the fraction of images of other classes that are not predicted as the class. With many "
        "classes it is high for nearly every model and says little.",
        header="Spec.",
        per_class=True,
        tables=frozenset({"results", "global", "card"}),
    ),
    Metric(
        "f1",
        "F1",
        _of_classes(sk.f1_score, zero_division=0),
        "2 TP / (2 TP + FP + FN), the harmonic mean of precision and sensitivity; true negatives do not count.",
        header="F1",
        per_class=True,
        tables=frozenset({"results", "per_class", "global", "card"}),
    ),
    Metric("f1_micro", "F1, micro", _of_classes(sk.f1_score, average="micro")),
    Metric("f1_weighted", "F1, weighted", _of_classes(sk.f1_score, average="weighted")),
    Metric(
        "auroc",
        "AUROC",
        lambda label, predicted, probability: sk.roc_auc_score(label, probability),
        "area under the ROC curve: the probability that an image of the class is ranked above one of another class.",
        per_class=True,
        averaged=True,
        tables=frozenset({"card"}),
    ),
]


def shown_in(table: str) -> list[Metric]:
    """The metrics that `table` shows: "results", "per_class", "global" or "card"."""
    return [metric for metric in METRICS if table in metric.tables]


def score(probabilities: np.ndarray, label: np.ndarray, group: Sequence[str], classes: Sequence[str]) -> dict:
    """All metrics of one part. `probabilities` [n, classes], `label` class numbers [n], `group` lesions [n].

    Averages are over the classes that are present. The interval of balanced accuracy is the 95 % percentile bootstrap
    over groups, because images of one lesion are not independent.
    """
    predicted = probabilities.argmax(1)
    present = {k: name for k, name in enumerate(classes) if (label == k).any()}
    per_class = {
        name: {
            metric.key: float(metric.compute(label == k, predicted == k, probabilities[:, k]))
            for metric in METRICS
            if metric.per_class
        }
        | {"images": int((label == k).sum())}
        for k, name in present.items()
    }
    found: dict = {"images": len(label), "groups": len(set(group))}
    for metric in METRICS:
        if metric.per_class:
            found[metric.column] = float(np.mean([values[metric.key] for values in per_class.values()]))
        else:
            found[metric.column] = float(metric.compute(label, predicted, probabilities))
    low, high = balanced_accuracy_interval(label, predicted, group)
    found |= {"balanced_accuracy_low": low, "balanced_accuracy_high": high}
    matrix = sk.confusion_matrix(label, predicted, labels=range(len(classes)))
    return found | {"confusion_matrix": matrix.tolist(), "per_class": per_class}


def balanced_accuracy_interval(label: np.ndarray, answer: np.ndarray, group: Sequence[str]) -> tuple[float, float]:
    """95 % percentile interval of balanced accuracy, drawing groups with replacement, class by class."""
    table = pd.DataFrame({"label": label, "right": label == answer, "group": list(group)})
    random = np.random.default_rng(0)
    recalls = []
    for _, rows in table.groupby("label"):
        sums = rows.groupby("group")["right"].agg(["sum", "count"]).to_numpy()
        weights = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=REPLICATES)
        right, count = (weights @ sums).T
        recalls.append(right / count)
    low, high = np.percentile(np.mean(recalls, axis=0), [2.5, 97.5])
    return float(low), float(high)
