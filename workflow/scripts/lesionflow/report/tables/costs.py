"""What packing and training cost: wall time, peak memory, images per second."""

from collections.abc import Mapping, Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.report.tables.style import styled, text_columns

NUMBERS = {"wall_s": "Wall time (s)", "peak_mb": "Peak memory (MB)", "images": "Images", "images_per_s": "Images/s"}
NAMES = {"rule": "Rule", "what": "What", "device": "Device"}


def costs(
    packing: Sequence[pd.DataFrame],
    packed: Sequence[pd.DataFrame],
    training: Sequence[pd.DataFrame],
    cards: Sequence[Mapping],
) -> pd.DataFrame:
    """One row for packing, one per model: NAMES and NUMBERS.

    `packing` and `training` are what Snakemake's `benchmark:` wrote, `packed` the shards' tables, `cards` are
    model.json files; each in the order of its jobs. Images of a training count once an epoch; validation and
    the start of the process are in the wall time, but the start is not in images per second.
    """
    seconds, images = pd.concat(packing)["s"].sum(), sum(map(len, packed))
    rows = [
        ["pack_images", f"{len(packed)} shards", "cpu", seconds, pd.concat(packing)["max_rss"].max(), images, seconds]
    ]
    for card, benchmark in zip(cards, training, strict=True):
        what = f"{card['protocol']}, seed {card['seed']}, {card['dataset']}, {card['backbone']}, stage {card['stage']}"
        images, last = card["training_images"] * card["epochs"], benchmark.iloc[-1]
        rows.append(["train", what, card["device"], last["s"], last["max_rss"], images, card["time_s"]])
    table = pd.DataFrame(rows, columns=[*NAMES, "wall_s", "peak_mb", "images", "working_s"])
    table["images_per_s"] = table["images"] / table.pop("working_s")
    return table


def keywords(what: str) -> list[str]:
    """What a training in the column `what` was of, as the keywords of a figure say it; nothing for packing."""
    if what.count(", ") < 4:
        return []
    protocol, seed, dataset, backbone, stage = what.split(", ")
    return [f"protocol {protocol}", seed, f"dataset {dataset}", f"backbone {backbone}", stage]


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The costs as text."""
    shown = table.assign(**{key: [f"{value:,.0f}" for value in pd.to_numeric(table[key])] for key in NUMBERS})
    return shown.rename(columns=NAMES | NUMBERS)


def markdown(table: pd.DataFrame) -> str:
    """The costs in Markdown."""
    return page("Costs", wide(table), NAMES.values())


def html(table: pd.DataFrame) -> Styler:
    """The costs as a Styler."""
    shown = wide(table)
    return styled(shown, "costs").format(escape="html").set_td_classes(text_columns(shown, list(NAMES.values())))
