"""Comparison of leaky and non-leaky protocols, as sentences with the numbers of the run."""

import pandas as pd

from lesionflow.splits.overlap_text import shared_cell

GAP = 0.1  # accuracy on test above validation that is worth a word


def sentences(table: pd.DataFrame) -> list[str]:
    """Return paragraphs on `table` (from `results.table_4_1`), which has published_valid_accuracy too."""
    leaky = table[table["leaky"]]
    honest = table[~table["leaky"]]
    if leaky.empty or honest.empty:
        return []
    lines = []
    for backbone in table["backbone"].unique():
        for (protocol, dataset), runs in leaky[leaky["backbone"] == backbone].groupby(
            ["protocol", "dataset"], sort=False
        ):
            lines.append(f"{backbone}, {dataset}: {_compare(protocol, runs, honest)}")
    lines += [_count(protocol, runs) for protocol, runs in table.groupby("protocol", sort=False)]
    return lines


def _compare(protocol: str, runs: pd.DataFrame, honest: pd.DataFrame) -> str:
    """Compare the last stage of one backbone and dataset under a leaky protocol with the others."""
    last = runs[runs["stage"] == runs["stage"].max()]
    mean = last.mean(numeric_only=True)
    text = (
        f"under {protocol} stage {mean['stage']:.0f} is right on {mean['accuracy']:.0%} of its test images, of which "
        f"{_share(last)} share something with training, and on {mean['valid_accuracy']:.0%} of its validation images"
    )
    text += f" ({_share(last, 'valid_')} of which do)."
    keys = ["backbone", "dataset", "stage"]
    for name, same in honest.merge(last[keys].drop_duplicates(), on=keys).groupby("protocol", sort=False):
        other = same.mean(numeric_only=True)
        nothing = "nothing is" if (same["lesions_known"] == same["images_audited"]).all() else "nothing is known to be"
        text += (
            f" Under {name}, where {nothing} shared, the same network is right on {other['accuracy']:.0%} of its test "
            f"and {other['valid_accuracy']:.0%} of its validation images."
        )
    if pd.notna(mean.get("published_valid_accuracy")):
        text += (
            f" The thesis printed {mean['published_accuracy']:.0%} on test; on its validation images its logs and "
            f"figures say {mean['published_valid_accuracy']:.0%}."
        )
    return text


def _share(runs: pd.DataFrame, prefix: str = "") -> str:
    return shared_cell(runs, prefix).replace("≥", "at least")


def _count(protocol: str, runs: pd.DataFrame) -> str:
    """Return a sentence on how often test accuracy exceeds validation accuracy by more than GAP."""
    gap = runs["accuracy"] - runs["valid_accuracy"]
    above = runs[gap > GAP]
    return (
        f"{protocol} ({_share(runs)} of test images shared): accuracy on test is more than {GAP:.0%} above accuracy on "
        f"validation in {len(above)} of {len(runs)} trainings; the difference is {gap.mean():+.0%} on average and at "
        f"most {gap.max():+.0%}."
    )
