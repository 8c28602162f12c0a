"""The verdicts of a run in words."""

import pandas as pd

from lesionflow.evaluation.metrics import METRICS
from lesionflow.evaluation.resampled_metrics import SENSITIVITY
from lesionflow.evaluation.verdicts import TOO_SMALL

MOST = 5
NAMES = {metric.column: f"macro {metric.name}" if metric.per_class else metric.name for metric in METRICS}


def verdict_sentences(comparisons: pd.DataFrame) -> list[str]:
    """At most five sentences on the primary contrasts of comparisons.csv, in the order of the config.

    Those of protocols that do not leak come first.
    """
    primary = comparisons[comparisons["family"] == "primary"].sort_values("leaky", kind="stable")
    several = primary["protocol"].nunique() > 1
    return [_sentence(row, several) for _, row in primary.head(MOST).iterrows()]


def _sentence(row: pd.Series, several: bool) -> str:
    contrast = f"{row['contrast']}, {row['protocol']}" if several else row["contrast"]
    interval = f"95 % CI {signed(row['low'])} to {signed(row['high'])}"
    text = f"{contrast}: {metric_words(row['metric'])} {signed(row['difference'])} ({interval}), {row['verdict']}"
    if row["verdict"] == TOO_SMALL:
        text += f": the study could detect {row['detectable']:.3f}"
        text += f"; {row['what_it_takes']}" if isinstance(row["what_it_takes"], str) else ""
    elif row["verdict"] in ("better", "worse"):
        text += f" (adjusted p = {row['p_adjusted']:.2g})"
    return f"{'LEAKY: ' * bool(row['leaky'])}{text}."


def metric_words(metric: str) -> str:
    """A metric of a comparison in words: "balanced accuracy", "sensitivity for MEL"."""
    if metric.startswith(SENSITIVITY) and metric not in NAMES:
        return f"sensitivity for {metric.removeprefix(SENSITIVITY)}"
    return NAMES[metric]


def signed(value: float) -> str:
    """A difference with its sign."""
    return f"{value:+.3f}".replace("-", "−")
