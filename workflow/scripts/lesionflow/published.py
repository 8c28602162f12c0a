"""What the thesis printed, under the names of our metrics."""

from pathlib import Path

import pandas as pd
import yaml

DATASETS = {"no_smote": "undersampled", "smote": "smote"}
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


def printed(path: str | Path) -> pd.DataFrame:
    """Table 4.1 as printed, misprints kept: indexed by (backbone, stage, dataset), columns published_<metric>."""
    return _table(path, "table_4_1", PRINTED).add_prefix("published_")


def recomputed(path: str | Path) -> pd.DataFrame:
    """What the printed confusion matrices give: indexed by (backbone, stage, dataset), columns <metric>."""
    return _table(path, "recomputed", RECOMPUTED)


def _table(path: str | Path, block: str, names: dict[str, str]) -> pd.DataFrame:
    """One block of every run of published.yaml, its keys renamed by `names`, its datasets named as ours."""
    runs = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["runs"]
    keys = [(run["backbone"], run["stage"], DATASETS[run["dataset"]]) for run in runs]
    index = pd.MultiIndex.from_tuples(keys, names=["backbone", "stage", "dataset"])
    return pd.DataFrame([run[block] for run in runs], index=index)[list(names)].rename(columns=names)
