"""The table of comparisons between models."""

from collections.abc import Sequence

import pandas as pd

from lesionflow.evaluation.run_comparisons import DRAWS
from lesionflow.evaluation.verdicts import TOO_SMALL
from lesionflow.report.tables.per_lesion import lesion_notes
from lesionflow.report.tables.table import Table
from lesionflow.report.verdict_sentences import metric_words, signed
from lesionflow.splits.overlap_text import RESAMPLED

TEXT = ["Protocol", "Contrast", "Metric", "Per", "Verdict"]


def comparisons_table(long: pd.DataFrame, margin: float, printed: Sequence[str] = ()) -> Table:
    """The Table of comparisons.csv; `printed` are sentences on the thesis' numbers (`printed_sentences`)."""
    rows = []
    for _, row in long.iterrows():
        rows.append(
            {
                "Protocol": row["protocol"],
                "Contrast": row["contrast"],
                "Metric": metric_words(row["metric"]),
                "Per": row["per"],
                "Tested": f"{row['images']:,}",
                "Lesions": f"{row['groups']:,}",
                "Seeds": str(row["seeds"]),
                "Difference": f"{signed(row['difference'])} ({signed(row['low'])} to {signed(row['high'])})",
                "p": _p(row["p"]),
                "Adj. p": _p(row["p_adjusted"]) if row["family"] == "primary" else "–",
                "Detectable": f"{row['detectable']:.3f}",
                "Verdict": row["verdict"],
                "McNemar's p": _p(row["mcnemar_p"]),
            }
        )
    leaky = set(long.loc[long["leaky"], "protocol"])
    lines = [*notes(long, margin), *printed]
    return Table("comparisons", "Comparisons of models", long, pd.DataFrame(rows), TEXT, lines, leaky)


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"


def notes(long: pd.DataFrame, margin: float) -> list[str]:
    """How to read the table."""
    primary = metric_words(long.loc[long["family"] == "primary", "metric"].iloc[0])
    lines = [
        "Difference: first model minus second, tested on the same images, mean over seeds (over partitions under "
        f"cross-fitting). In parentheses: 95 % interval from {DRAWS:,} bootstrap draws that both models share, "
        f"{RESAMPLED}. With several seeds it includes the variation between trainings; with one seed it holds for "
        "these two trained models only.",
        f"p: two-sided permutation test with {DRAWS:,} draws; the two models swap their predictions for whole lesions. "
        f"Adj. p: Holm's method over all contrasts of a protocol in {primary} per image, which the config fixed "
        "before training. Other metrics, and all per lesion, are exploratory, and their p is not adjusted.",
        f"Verdict, of the first model: no difference beyond the margin if the interval lies within ±{margin:g}; better "
        f"or worse if adj. p < 0.05 and the interval excludes 0; otherwise {TOO_SMALL}.",
        "Tested: images, or per lesion the lesions and the images without a known lesion.",
        "Detectable: smallest true difference that this test finds with 80 % power at level 0.05 in a single contrast.",
        "McNemar's p: exact test of the accuracy on all tested images or lesions, as other studies report it, whatever "
        "the metric. It ignores that images of one lesion are not independent.",
    ]
    advice = long["what_it_takes"].dropna()
    if len(advice):
        lines.append(f"Too small to tell, and what it takes: {advice.iloc[0]} in balanced accuracy.")
    lines += lesion_notes(long["protocol"].unique(), set(long.loc[long["per"] == "lesion", "protocol"]))
    for protocol in long.loc[long["leaky"], "protocol"].unique():
        lines.append(f"LEAKY: under {protocol}, test images share images or lesions with training: no evidence.")
    return lines
