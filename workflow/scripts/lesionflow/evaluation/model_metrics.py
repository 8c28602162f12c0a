"""The metrics of one model (metrics.json), from its record, the audit of its split and its predictions."""

from collections.abc import Mapping

import pandas as pd

from lesionflow.evaluation.lesions import metrics_per_lesion
from lesionflow.evaluation.metrics import score
from lesionflow.lists import read_probabilities


def model_metrics(record: Mapping, leakage: Mapping, manifest: pd.DataFrame, predictions: Mapping[str, str]) -> dict:
    """The contents of metrics.json.

    `record` is model.json, `leakage` leakage.json; `predictions` names a file of probabilities for each part.
    """
    classes, known = record["classes"], manifest.set_index("image")[["lesion", "group", "label"]]
    metrics = {}
    for part, path in predictions.items():
        images = read_probabilities(path).join(known, on="image").assign(seed=record["seed"])
        label = pd.Categorical(images["label"], categories=classes).codes
        scores = score(images[classes].to_numpy(), label, images["group"], classes)
        metrics[part] = {"images_sharing": leakage[part]["images_sharing"]} | scores
        if part == "test":
            metrics[part]["per_lesion"] = metrics_per_lesion(images, classes)
    metrics |= {key: leakage[key] for key in ("known", "images_audited")}
    return metrics | {key: record[key] for key in ("time_s", "epochs", "params_trainable", "params_total")}
