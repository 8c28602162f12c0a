"""What a classifier's answers are worth, with the uncertainty of the number that counts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn import metrics as sk

REPLICATES = 2000


def score(probabilities: np.ndarray, label: np.ndarray, group: Sequence[str], classes: Sequence[str]) -> dict:
    """All metrics of one part. `probabilities` [n, classes], `label` class numbers [n], `group` lesions [n].

    Averages are macro (over the classes that there are) unless named otherwise; sensitivity, specificity and AUROC
    are one class against the rest. The interval of balanced accuracy is the 95 % percentile bootstrap over groups,
    because images of one lesion are not independent.
    """
    answer = probabilities.argmax(1)
    numbers = list(range(len(classes)))
    precision, sensitivity, f1, support = sk.precision_recall_fscore_support(
        label, answer, labels=numbers, zero_division=0
    )
    (negative, false), _ = sk.multilabel_confusion_matrix(label, answer, labels=numbers).transpose(1, 2, 0)
    specificity = negative / (negative + false)
    present = support > 0
    auroc = [sk.roc_auc_score(label == k, probabilities[:, k]) if present[k] else np.nan for k in numbers]
    columns = {
        "precision": precision,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "f1": f1,
        "auroc": auroc,
    }
    low, high = balanced_accuracy_interval(label, answer, group)
    return {
        "images": len(label),
        "groups": len(set(group)),
        "accuracy": float(sk.accuracy_score(label, answer)),
        "balanced_accuracy": float(np.mean(sensitivity[present])),
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
        **{f"{name}_macro": float(np.mean(np.asarray(values)[present])) for name, values in columns.items()},
        "f1_micro": float(sk.f1_score(label, answer, average="micro")),
        "f1_weighted": float(sk.f1_score(label, answer, average="weighted")),
        "confusion_matrix": sk.confusion_matrix(label, answer, labels=numbers).tolist(),
        "per_class": {
            name: {key: float(values[k]) for key, values in columns.items()} | {"images": int(support[k])}
            for k, name in enumerate(classes)
            if present[k]
        },
    }


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
