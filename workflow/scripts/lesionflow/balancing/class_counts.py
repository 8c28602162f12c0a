"""Numbers of images per class, from the collection to the training lists."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def class_counts(
    manifest: pd.DataFrame, split: pd.DataFrame, training: Mapping[str, pd.DataFrame], classes: Sequence[str]
) -> pd.DataFrame:
    """Count images per class of one split: class, raw, train, valid, test, unused, `<dataset> real` and `synthetic`.

    `training` is training.csv by dataset; synthetic images are the rows with a neighbour.
    """
    labels = manifest.set_index("image")["label"]
    counts = pd.DataFrame({"raw": labels.value_counts()}, index=pd.Index(classes, name="class"))
    parts = split.set_index("image")["part"]
    for part in ("train", "valid", "test", "unused"):
        counts[part] = labels[parts.index[parts == part]].value_counts()
    for name, rows in training.items():
        synthetic = rows["neighbour"].notna().to_numpy()
        counts[f"{name} real"] = rows.loc[~synthetic, "label"].value_counts()
        counts[f"{name} synthetic"] = rows.loc[synthetic, "label"].value_counts()
    return counts.fillna(0).astype(np.int64).reset_index()
