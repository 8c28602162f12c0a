"""Class counts as a table: how many images of each class there are, from the collection to the training lists."""

from collections.abc import Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.report.tables.style import styled, text_columns


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
