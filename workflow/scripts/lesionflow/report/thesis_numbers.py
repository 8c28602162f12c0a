"""Printed results of the thesis, under the names of our metrics."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lesionflow.source import RESOURCES

PUBLISHED = RESOURCES / "thesis_numbers.yaml"
DATASETS = {"no_smote": "undersampled", "smote": "smote"}
ROUNDING = 0.005 + 1e-9  # how far a number of two decimals may be from what it stands for
# Table 4.1 of the thesis prints macro precision as "Sen" and macro sensitivity as "Esp"; its F1 is macro.
PRINTED = {
    "acc": "accuracy",
    "sen": "precision_macro",
    "esp": "sensitivity_macro",
    "f1": "f1_macro",
    "time_s": "time_s",
    "epochs": "epochs",
    "trainable_params": "params_trainable",
    "total_params": "params_total",
}
RECOMPUTED = {
    "accuracy": "accuracy",
    "macro_precision": "precision_macro",
    "macro_sensitivity": "sensitivity_macro",
    "macro_specificity": "specificity_macro",
    "macro_f1": "f1_macro",
    "micro_f1": "f1_micro",
}


@functools.cache
def read_numbers(path: str | Path) -> dict:
    """Return thesis_numbers.yaml, which is read once. Not to be changed."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def printed(path: str | Path) -> pd.DataFrame:
    """Return Table 4.1 as printed, misprints included, with metrics computed from the printed confusion matrices.

    Indexed by (backbone, stage, dataset); columns published_<metric>, of which published_valid_accuracy is from the
    thesis' logs and figures, and computed_<metric>.
    """
    table = _table(path, "table_4_1", PRINTED).join(_table(path, "validation", {"accuracy": "valid_accuracy"}))
    return table.add_prefix("published_").join(_table(path, "recomputed", RECOMPUTED).add_prefix("computed_"))


def runs(path: str | Path) -> pd.DataFrame:
    """Return all numbers of tables 3.2 to 3.13: columns backbone, stage, dataset, class, metric, value, computed.

    `value` is as printed, `computed` what the confusion matrix of the same run gives. Class is empty for global
    metrics, value for those that the thesis did not compute.
    """
    given = read_numbers(path)
    rows = []
    for run in given["runs"]:
        keys = {"backbone": run["backbone"], "stage": run["stage"], "dataset": DATASETS[run["dataset"]]}
        counts = np.array(run["confusion_matrix"])
        right, found, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
        others = counts.sum() - true
        computed = {
            "precision": right / found,
            "sensitivity": right / true,
            "specificity": (others - found + right) / others,
            "f1": 2 * right / (found + true),
        }
        share = {"metric": "accuracy", "value": run["global"]["accuracy"], "computed": right.sum() / counts.sum()}
        rows.append(keys | share)
        for metric, values in computed.items():
            row = {"metric": f"{metric}_macro", "value": run["global"].get(metric), "computed": values.mean()}
            rows.append(keys | row)
            for name, value, exact in zip(given["class_order"], run["per_class"].get(metric, ()), values, strict=False):
                rows.append(keys | {"class": name, "metric": metric, "value": value, "computed": exact})
    return pd.DataFrame(rows)


def _table(path: str | Path, block: str, names: dict[str, str]) -> pd.DataFrame:
    """Return one block of all runs of thesis_numbers.yaml, with keys renamed by `names` and our names of datasets."""
    runs = read_numbers(path)["runs"]
    keys = [(run["backbone"], run["stage"], DATASETS[run["dataset"]]) for run in runs]
    index = pd.MultiIndex.from_tuples(keys, names=["backbone", "stage", "dataset"])
    return pd.DataFrame([run[block] for run in runs], index=index)[list(names)].rename(columns=names)


def printed_text(value: float, computed: float, decimals: int = 2) -> str:
    """Return a printed number, with the computed one if the two differ by more than rounding; missing ones are NaN."""
    if pd.isna(value):
        return "–" if pd.isna(computed) else f"– ({computed:.2f})"
    if decimals == 0:
        return f"{value:,.0f}"
    text = f"{value:.3f}".removesuffix("0")
    return text if pd.isna(computed) or abs(value - computed) <= ROUNDING else f"{text}* ({computed:.2f})"
