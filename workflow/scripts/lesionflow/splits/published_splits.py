"""The splits of a run side by side, as other studies need them."""

from collections.abc import Mapping

import pandas as pd


def published_splits(manifest: pd.DataFrame, splits: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The contents of splits.csv: image, group, and the part of the image in each of `splits`, sorted by image.

    `splits` has a table of image and part (split.csv) per column name. An image in two parts has both, as
    "test+train".
    """
    table = manifest[["image", "group"]].sort_values("image", ignore_index=True)
    for name, split in splits.items():
        parts = split.sort_values("part").groupby("image")["part"].agg("+".join)
        table[name] = table["image"].map(parts)
    return table
