"""Table 3.1: the confusion matrix of one class, and the definitions of the metrics."""

import pandas as pd

from lesionflow.evaluation.metrics import METRICS
from lesionflow.report.tables.table import Table

MATRIX = pd.DataFrame(
    [
        ("of the class", "TP, true positive: found", "FN, false negative: missed"),
        ("of another class", "FP, false positive: taken for the class", "TN, true negative: correctly rejected"),
    ],
    columns=pd.MultiIndex.from_tuples(
        [("", "test image"), ("predicted as", "the class"), ("predicted as", "another class")]
    ),
)


def matrix_table() -> Table:
    """Table 3.1, with the definitions of the metrics as its notes."""
    title = "the confusion matrix of one class against the rest"
    long = MATRIX.set_axis(MATRIX.columns.map(" ".join).str.strip(), axis=1)
    definitions = [f"{metric.name} = {metric.explanation}" for metric in METRICS if metric.explanation]
    macro = "macro = averaged over classes, each with the same weight."
    return Table("table_3_1", title, long, MATRIX, MATRIX.columns, [*definitions, macro], number="3.1")
