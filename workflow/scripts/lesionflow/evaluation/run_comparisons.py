"""The contrasts of a run, from the test predictions of all its models."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lesionflow.config.contrasts import model_name
from lesionflow.evaluation.comparisons import compare
from lesionflow.evaluation.lesions import lesion_predictions
from lesionflow.evaluation.resampled_metrics import MACRO, SENSITIVITY, possible_metrics
from lesionflow.evaluation.verdicts import TOO_SMALL
from lesionflow.splits.methods import fold_of_seed

DRAWS, SEED = 2000, 0
MELANOMA = "MEL"


def predictions_of_models(
    records: Sequence[Mapping], tests: Sequence[pd.DataFrame], manifest: pd.DataFrame, folds: Mapping[str, int]
) -> dict[str, pd.DataFrame]:
    """Test predictions of each model (`model_name`) as `compare` takes them.

    `records` (model.json) and `tests` (test.csv) are of the same models and seeds in the same order. `folds` gives the
    number of folds of each cross-fitted protocol: its seeds are the partitions, which test each image once.
    """
    known = manifest.set_index("image")[["lesion", "group", "label"]]
    found: dict[str, list[pd.DataFrame]] = {}
    for record, test in zip(records, tests, strict=True):
        seed, protocol = int(record["seed"]), record["protocol"]
        drawn = fold_of_seed(seed, folds[protocol])[0] + 1 if protocol in folds else seed
        found.setdefault(model_name(record), []).append(test.join(known, on="image").assign(seed=drawn))
    return {name: pd.concat(tables, ignore_index=True) for name, tables in found.items()}


def compare_run(
    contrasts: Sequence[Mapping],
    predictions: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    metric: str,
    margin: float,
) -> pd.DataFrame:
    """All columns of `comparisons.compare`, and protocol and leaky of each contrast.

    `contrasts` are from `config.contrasts`, `predictions` from `predictions_of_models`. The contrasts of one protocol
    in `metric` are one primary family: what a leaky protocol seems to show costs the others nothing.
    """
    tables = []
    for protocol, rows in pd.DataFrame(contrasts).groupby("protocol", sort=False):
        triples = list(rows[["contrast", "a", "b"]].itertuples(index=False, name=None))
        others = [name for name in exploratory(predictions[rows["a"].iloc[0]]) if name != metric]
        lesions = {name: lesion_predictions(predictions[name], classes) for name in {*rows["a"], *rows["b"]}}
        known = any(table["lesion"].notna().any() for table in lesions.values())
        table = compare(triples, predictions, classes, metric, margin, DRAWS, SEED, others, lesions if known else None)
        tables.append(table.assign(protocol=protocol).merge(rows[["a", "b", "leaky"]], on=["a", "b"]))
    return pd.concat(tables, ignore_index=True)


def exploratory(predictions: pd.DataFrame) -> list[str]:
    """The metrics that are compared besides the chosen one, as far as the tested classes allow them."""
    return possible_metrics([*MACRO, SENSITIVITY + MELANOMA], set(predictions["label"]))


def with_advice(comparisons: pd.DataFrame, what_it_takes: str) -> pd.DataFrame:
    """`comparisons` with what_it_takes: advice on balanced accuracy per image, where that is too small to tell."""
    of_images = (comparisons["metric"] == "balanced_accuracy") & (comparisons["per"] == "image")
    small = of_images & (comparisons["verdict"] == TOO_SMALL)
    return comparisons.assign(what_it_takes=small.map({True: what_it_takes, False: None}))
