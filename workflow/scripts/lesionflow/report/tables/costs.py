"""Costs of packing and training: wall time, peak memory, images per second."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lesionflow.report.tables.table import Table

NUMBERS = {"wall_s": "Wall time (s)", "peak_mb": "Peak memory (MB)", "images": "Images", "images_per_s": "Images/s"}
NAMES = {"rule": "Rule", "what": "What", "device": "Device"}


def training_name(card: Mapping) -> str:
    """Return the entry of a training in the column `what`; `card` is its model.json."""
    return f"{card['protocol']}, seed {card['seed']}, {card['dataset']}, {card['backbone']}, stage {card['stage']}"


def costs(
    packing: Sequence[pd.DataFrame],
    packed: Sequence[pd.DataFrame],
    training: Sequence[pd.DataFrame],
    cards: Sequence[Mapping],
) -> pd.DataFrame:
    """costs.csv: one row for packing, one per model, with columns NAMES and NUMBERS.

    `packing` and `training` are what Snakemake's `benchmark:` wrote, `packed` the shards' tables, `cards` are
    model.json files; each in the order of its jobs. An image counts once per epoch of a training. Wall time includes
    validation and the start of the process; images per second leave the start out.
    """
    seconds, images = pd.concat(packing)["s"].sum(), sum(map(len, packed))
    rows = [
        ["pack_images", f"{len(packed)} shards", "cpu", seconds, pd.concat(packing)["max_rss"].max(), images, seconds]
    ]
    for card, benchmark in zip(cards, training, strict=True):
        images, last = card["training_images"] * card["epochs"], benchmark.iloc[-1]
        rows.append(["train", training_name(card), card["device"], last["s"], last["max_rss"], images, card["time_s"]])
    table = pd.DataFrame(rows, columns=[*NAMES, "wall_s", "peak_mb", "images", "working_s"])
    table["images_per_s"] = table["images"] / table.pop("working_s")
    return table


def cost_table(long: pd.DataFrame, labels: Mapping[str, Mapping[str, str]] | None = None) -> Table:
    """Return costs.csv as a Table; `labels` are those of each training, by its name in the column `what`."""
    shown = long.assign(**{key: [f"{value:,.0f}" for value in pd.to_numeric(long[key])] for key in NUMBERS})
    rows = [(labels or {}).get(what, {}) for what in long["what"]]
    return Table("costs", "Costs", long, shown.rename(columns=NAMES | NUMBERS), list(NAMES.values()), rows=rows)
