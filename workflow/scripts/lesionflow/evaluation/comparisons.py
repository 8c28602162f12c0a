"""Is model a better than model b? Paired comparisons on the same test images, with one verdict per contrast."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lesionflow.evaluation.paired_study import PairedStudy
from lesionflow.evaluation.resampled_metrics import check_metric, possible_metrics
from lesionflow.evaluation.verdicts import holm, verdict
from lesionflow.files import InputError

KEYS = ["seed", "image", "group", "label"]
COLUMNS = [
    "family",
    "contrast",
    "a",
    "b",
    "metric",
    "per",
    "images",
    "groups",
    "seeds",
    "difference",
    "low",
    "high",
    "p",
]
COLUMNS += ["p_adjusted", "detectable", "verdict", "mcnemar_p"]


def compare(
    contrasts: Sequence[tuple[str, str, str]],
    predictions: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    metric: str,
    margin: float,
    draws: int,
    seed: int,
    exploratory: Sequence[str] = (),
    lesions: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """The contents of comparisons.csv: COLUMNS, one row per metric and contrast, per image and per lesion.

    `contrasts` are (name, model a, model b). `predictions` has for each model the columns image, group, label, seed
    (as defined by `resampling.Images`) and one probability per class; `lesions`, if any, has the same from
    `lesion_predictions`. The contrasts in `metric` per image are the primary family, whose p values are adjusted
    together; those per lesion and in the metrics `exploratory` keep their p values.
    `margin`, in units of the metric, is the largest difference that does not matter. `seed` fixes all draws.
    `verdicts` explains the numbers.

    Raises InputError for unknown models and metrics, and for two models tested on different images or seeds.
    """
    metrics = [metric, *exploratory]
    for name in metrics:
        check_metric(name, classes)
    rows = _contrasted(contrasts, predictions, classes, metrics, draws, seed, "image")
    if lesions:
        tested = set(next(iter(lesions.values()))["label"])
        rows += _contrasted(contrasts, lesions, classes, possible_metrics(metrics, tested), draws, seed, "lesion")
    table = pd.DataFrame(rows)
    primary = (table["metric"] == metric) & (table["per"] == "image")
    table["family"] = np.where(primary, "primary", "exploratory")
    table["p_adjusted"] = table["p"]
    table.loc[primary, "p_adjusted"] = holm(table.loc[primary, "p"].to_numpy())
    limits = table[["low", "high", "p_adjusted"]].to_numpy(float)
    table["verdict"] = [verdict(low, high, p, margin) for low, high, p in limits]
    return table.sort_values("metric", key=lambda of: of.map(metrics.index), kind="stable", ignore_index=True)[COLUMNS]


def _contrasted(
    contrasts: Sequence[tuple[str, str, str]],
    predictions: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    metrics: Sequence[str],
    draws: int,
    seed: int,
    per: str,
) -> list[dict]:
    """The rows of all contrasts `per` image or lesion, before their p values are adjusted."""
    tables = _sorted_tables(contrasts, predictions)
    studies: dict[int, PairedStudy] = {}
    rows = []
    for name, a, b in contrasts:
        _check_same_images(name, a, b, tables)
        key = int(pd.util.hash_pandas_object(tables[a][KEYS]).sum())
        if key not in studies:  # models tested on the same images share their draws
            studies[key] = PairedStudy(tables[a], classes, metrics, draws, seed)
        rows += [{"contrast": name, "a": a, "b": b, "per": per} | row for row in studies[key].contrast(a, b, tables)]
    return rows


def _sorted_tables(
    contrasts: Sequence[tuple[str, str, str]], predictions: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """The predictions of all compared models, sorted by seed and image."""
    tables = {}
    for name, *models in contrasts:
        for model in models:
            if model not in predictions:
                known = ", ".join(predictions)
                raise InputError(f"Contrast {name} names {model}, which has no predictions: choose one of {known}.")
            tables[model] = predictions[model].sort_values(["seed", "image"], ignore_index=True)
    return tables


def _check_same_images(name: str, a: str, b: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise InputError if models `a` and `b` were tested on different images or seeds."""
    rows = [tables[model][KEYS].astype({"seed": str}) for model in (a, b)]
    odd = pd.concat(rows).drop_duplicates(keep=False)
    if len(odd) or len(rows[0]) != len(rows[1]):
        first = odd.iloc[0] if len(odd) else rows[0].iloc[0]
        raise InputError(
            f"Contrast {name}: {a} and {b} were not tested on the same images, labels and groups in each seed (the "
            f"first difference is image {first['image']} of seed {first['seed']}): compare models of one protocol "
            "and the same seeds."
        )
