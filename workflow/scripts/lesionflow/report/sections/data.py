"""The images: what they are, how they are split, which are duplicates and which are left out."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lesionflow.report.sections.blocks import figures, group, paragraph, section, tabular
from lesionflow.report.tables.counts import counts_table
from lesionflow.report.tables.table import Table

FIRST_REJECTED = 10


def images_section(
    shown: Sequence[Mapping],
    counts: pd.DataFrame,
    caption: str,
    class_names: Mapping[str, str],
    evidence: str,
    rejected: pd.DataFrame,
) -> dict | None:
    """Figures of the collection, each split, and what is known of the images.

    `counts` is class_counts.csv, `evidence` is from `conflicts.evidence`, `rejected` is rejected.csv.
    """
    splits = []
    for number, ((protocol, seed), rows) in enumerate(counts.groupby(["protocol", "seed"], sort=False)):
        rows = rows.drop(columns=["protocol", "seed"]).reset_index(drop=True)
        split = {"protocol": protocol, "seed": str(seed)}
        own = [figure for figure in shown if split.items() <= figure["labels"].items()]
        table = tabular(counts_table(rows, class_names, f"class_counts_{number}"), caption)
        splits.append(group(f"{protocol}, seed {seed}", table, figures(own), labels=split))
    return section(
        "images",
        "Images",
        figures([figure for figure in shown if "protocol" not in figure["labels"]]),
        *splits,
        group("Provenance", paragraph(evidence)),
        _rejected(rejected),
    )


def _rejected(rejected: pd.DataFrame) -> dict | None:
    title = "Rejected images"
    if rejected.empty:
        return group(title, paragraph("None: every image and every label row was used."))
    words = "image was" if len(rejected) == 1 else "images or label rows were"
    text = f"{len(rejected)} {words} left out."
    if len(rejected) > FIRST_REJECTED:
        text += f" The first {FIRST_REJECTED}; all are in rejected.csv."
    first = rejected.head(FIRST_REJECTED)
    table = Table("rejected", title, rejected, first, list(first))
    return group(title, paragraph(text), tabular(table, "Images and label rows that were left out, and the reason."))


def duplicates_section(shown: Sequence[Mapping]) -> dict | None:
    """Pairs of duplicates."""
    return section(
        "duplicates",
        "Duplicates",
        paragraph(
            "Images of one pair count as one lesion when images are split. Near duplicates are also found mirrored "
            "and rotated by 90°."
        ),
        figures(shown),
    )
