"""The first screen: all models in one picture, the verdicts, the leak and the best models."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lesionflow.report.sections.best import headlines

METRIC = "balanced_accuracy"
NETWORK = ["backbone", "stage", "dataset"]


def verdict_section(
    figures: Sequence[Mapping],
    verdicts: Sequence[str],
    results: pd.DataFrame,
    ladder: pd.DataFrame | None,
    classes: int,
) -> dict:
    """Figures of all models beside the `verdicts`, the leak and the best models; chance is 1 / `classes`."""
    return {
        "name": "verdict",
        "figures": figures,
        "verdicts": verdicts,
        "leak": leak_sentence(results, ladder),
        "headlines": headlines(results),
        "chance": 1 / classes,
    }


def leak_sentence(results: pd.DataFrame, ladder: pd.DataFrame | None) -> str | None:
    """What leaky test images claim against honest ones; None where nothing leaks.

    `results` is table_4_1.csv, `ladder` ladder.csv: the same network under another protocol comes first, then the same
    recipe on clean images, then what the thesis printed.
    """
    return _of_protocols(results) or _of_ladder(ladder) or _of_thesis(results)


def _of_protocols(results: pd.DataFrame) -> str | None:
    """The highest claim under a leaky protocol, and the same network under one that is not known to leak."""
    means = results.groupby(["leaky", "protocol", *NETWORK], sort=False)[METRIC].mean().reset_index()
    pairs = means[means["leaky"]].merge(means[~means["leaky"]], on=NETWORK, suffixes=("", "_honest"))
    if pairs.empty:
        return None
    top = pairs.loc[pairs[METRIC].idxmax()]
    network = f"{top['backbone']}, stage {top['stage']}, {top['dataset']}"
    return (
        f"{top['protocol']} claims a balanced accuracy of {top[METRIC]:.2f}. The same network ({network}) reaches "
        f"{top[f'{METRIC}_honest']:.2f} under {top['protocol_honest']}, without a known leak."
    )


def _of_ladder(ladder: pd.DataFrame | None) -> str | None:
    """The highest claim of a leaky split, and the same model on clean images."""
    if ladder is None or not ladder["leaky"].any():
        return None
    columns = [f"{part}_{METRIC}" for part in ("test", "clean")]
    means = ladder[ladder["leaky"]].groupby("rung", sort=False)[columns].mean()
    top = means.loc[means[columns[0]].idxmax()]
    return (
        f"{top.name} claims a balanced accuracy of {top.iloc[0]:.2f} on its own test images. The same model reaches "
        f"{top.iloc[1]:.2f} on clean images."
    )


def _of_thesis(results: pd.DataFrame) -> str | None:
    """The highest that the thesis printed, and the same network of this run."""
    printed = "published_sensitivity_macro"  # equals balanced accuracy
    honest = results[~results["leaky"] & results[printed].notna()]
    if honest.empty:
        return None
    means = honest.groupby(["protocol", *NETWORK, "weights"], sort=False)[[printed, METRIC]].mean().reset_index()
    top = means.loc[means[printed].idxmax()]
    untrained = ", no pretrained weights" if top["weights"] == "none" else ""
    network = f"{top['backbone']}{untrained}, stage {top['stage']}, {top['dataset']}"
    return (
        f"The thesis printed a balanced accuracy of {top[printed]:.2f} on ISIC 2019, with test images among its "
        f"training images. Its counterpart here ({network}) reaches {top[METRIC]:.2f} under {top['protocol']}, without "
        "a known leak."
    )
