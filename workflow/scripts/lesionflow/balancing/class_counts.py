"""How many images of each class there are, from the collection to the training lists."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.report.tables.results import styled, text_columns


def class_counts(
    manifest: pd.DataFrame, split: pd.DataFrame, training: Mapping[str, pd.DataFrame], classes: Sequence[str]
) -> pd.DataFrame:
    """Images a class of one split: class, raw, train, valid, test, unused, then `<dataset> real` and `synthetic`.

    `training` holds training.csv by dataset; a synthetic image is one that has a neighbour.
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


def counts_html(counts: pd.DataFrame, class_names: Mapping[str, str], name: str) -> Styler:
    """Class counts of one split as a Styler, names written out, with a row of totals; `name` is its id."""
    shown = counts.copy()
    shown["class"] = [f"{key} {class_names.get(key, '')}".strip() for key in counts["class"]]
    shown.loc[len(shown)] = ["Total", *counts.drop(columns="class").sum()]
    top = {"class": "", "raw": "collection"} | dict.fromkeys(("train", "valid", "test", "unused"), "parts")
    columns = [(top.get(key, key.rsplit(" ", 1)[0]), key.rsplit(" ", 1)[-1]) for key in shown]
    shown.columns = pd.MultiIndex.from_tuples(columns)
    classes = text_columns(shown, [("", "class")])
    return styled(shown, name).format(thousands=",", escape="html").set_td_classes(classes)
