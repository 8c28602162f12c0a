"""Escaped Markdown: names of classes, files and licences may contain any character."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# _ between letters or digits is not emphasis: as_published stays unchanged.
MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")


def escape(text: Any) -> str:
    """Return `text` as one line with HTML and Markdown escaped, for a table cell or within a line."""
    line = UNSEEN.sub("", re.sub(r"\s+", " ", str(text)))
    return MARKS.sub(r"\\\g<0>", line.translate(ENTITIES))


def page(title: str, table: pd.DataFrame, left: Collection[str], notes: Sequence[str] = ()) -> str:
    """Return a Markdown page: title, `table` and notes. Columns are right-aligned except those in `left`."""
    align = ["left" if name in left else "right" for name in table]
    shown = table.map(escape).set_axis(map(escape, table), axis=1)
    body = shown.to_markdown(index=False, disable_numparse=True, colalign=align)
    return "\n\n".join([f"# {escape(title)}", body, *map(escape, notes)]) + "\n"
