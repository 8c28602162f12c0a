"""Cross-fitting: the test predictions of all folds as one test set, in which every image is tested out of fold."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lesionflow.evaluation.best_model import VALID, representative
from lesionflow.evaluation.lesions import metrics_per_lesion
from lesionflow.evaluation.metrics import METRICS, score


def pool_predictions(folds: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """The contents of a pooled test.csv: image, seed and one probability per class, sorted by seed, then image.

    `folds` has the table of image and probabilities (test.csv) of each seed. An image is there once per partition.
    """
    tables = [folds[seed].sort_values("image") for seed in sorted(folds)]
    for seed, table in zip(sorted(folds), tables, strict=True):
        table.insert(1, "seed", seed)
    return pd.concat(tables, ignore_index=True)


def pooled_metrics(
    folds: Mapping[int, Mapping], predictions: pd.DataFrame, manifest: pd.DataFrame, classes: Sequence[str]
) -> dict:
    """The contents of a pooled metrics.json, from the metrics.json of each seed and `pool_predictions`.

    Test metrics are computed on all predictions together, with the interval over groups. `averaged` metrics compare
    probabilities with each other, and those of different models are not on one scale: they are means over folds.
    Validation metrics and costs are means over folds. Numbers of images are sums: an image counts once per partition.
    `seed` is of the model that represents all `models`, as in `best_model.representative`.
    """
    images = predictions.join(manifest.set_index("image")[["lesion", "group", "label"]], on="image")
    label = pd.Categorical(images["label"], categories=classes).codes
    test = score(images[classes].to_numpy(), label, images["group"], classes)
    several = list(folds.values())
    _average(test, [fold["test"] for fold in several])
    test["per_lesion"] = metrics_per_lesion(images, classes)
    if test["per_lesion"]:
        _average(test["per_lesion"], [fold["test"]["per_lesion"] for fold in several if fold["test"]["per_lesion"]])
    test["images_sharing"] = sum(fold["test"]["images_sharing"] for fold in several)
    valid = {key: sum(fold["valid"][key] for fold in several) for key in ("images", "images_sharing")}
    valid |= {key: _mean([fold["valid"] for fold in several], key) for key in ("accuracy", "balanced_accuracy")}
    audited = max(several, key=lambda fold: fold["images_audited"])
    costs = {key: _mean(several, key) for key in ("time_s", "epochs", "params_trainable", "params_total")}
    runs = pd.DataFrame({"seed": list(folds), VALID: [fold["valid"]["balanced_accuracy"] for fold in several]})
    found = {"valid": valid, "test": test, "known": audited["known"], "images_audited": audited["images_audited"]}
    return found | costs | {"seed": int(representative(runs)["seed"]), "models": len(several)}


def _average(pooled: dict, folds: Sequence[Mapping]) -> None:
    """Set the `averaged` metrics of `pooled`, from `score`, to their means over `folds`, from `score` too."""
    for metric in METRICS:
        if metric.averaged:
            pooled[metric.column] = _mean(folds, metric.column)
            for name in pooled["per_class"] if metric.per_class else ():
                own = [fold["per_class"][name] for fold in folds if name in fold["per_class"]]
                pooled["per_class"][name][metric.key] = _mean(own, metric.key)


def _mean(values: Sequence[Mapping], key: str) -> float:
    return float(np.mean([value[key] for value in values]))
