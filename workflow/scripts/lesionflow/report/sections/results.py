"""Table 4.1, the ladder of leakage, and the comparison of protocols."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lesionflow.report import protocol_comparison
from lesionflow.report.sections.blocks import folded, pair, paragraph, section, sentences, tabular
from lesionflow.report.tables.ladder import ladder_table
from lesionflow.report.tables.table import Table


def results_section(table: Table, caption: str) -> dict | None:
    """Table 4.1, its metrics per lesion, and how to read them."""
    more = tabular(table.more, "Results of all models, per lesion.") if table.more else None
    notes = folded("notes", "How to read Table 4.1", sentences(table.notes))
    return section(
        "table",
        "Results of all models",
        tabular(table, caption),
        folded("per_lesion", "Results per lesion", more),
        notes,
    )


def ladder_section(long: pd.DataFrame | None, figures: Sequence[Mapping]) -> dict | None:
    """The ladder of leakage, if the run has one; `long` is ladder.csv."""
    if long is None:
        return None
    table = ladder_table(long)
    return section(
        "ladder",
        "Ladder of leakage",
        paragraph(
            "Reported performance depends on how the test images were chosen. The same recipe is trained on splits "
            "with less and less leakage; each model is evaluated on its own test images, and on clean images that are "
            "the same for all."
        ),
        pair(
            figures,
            tabular(table, "Balanced accuracy of the ladder, as a fraction (0–1)."),
            sentences(table.notes),
        ),
    )


def comparison_section(long: pd.DataFrame, printed: Sequence[str]) -> dict | None:
    """Protocols that leak beside those that do not, in words, and what the `printed` numbers of the thesis can say."""
    words = [*protocol_comparison.sentences(long), *printed]
    return section("comparison", "Comparison of protocols", sentences(words, notes=False))
