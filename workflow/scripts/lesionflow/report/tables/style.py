"""What all tables share: how they look as HTML, and the text of cells."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from pandas.io.formats.style import Styler

# No colours but the stamp's, so that it reads on light and dark pages alike.
STYLE = [
    {"selector": "", "props": "border-collapse: collapse; font: 13px/1.35 system-ui, sans-serif"},
    {"selector": "th, td", "props": "padding: 4px 6px; vertical-align: top; border-bottom: 1px solid #8885"},
    {"selector": "th", "props": "text-align: right; font-weight: 600; vertical-align: bottom"},
    {"selector": "th.text, th[colspan]", "props": "text-align: left"},
    {"selector": "th[colspan]", "props": "border-left: 2px solid #8885"},
    {"selector": "td", "props": "text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap"},
    {"selector": "td.text", "props": "text-align: left"},
    {"selector": ".interval", "props": "font-size: 90%"},
    {"selector": "caption", "props": "text-align: left; font-weight: 600; padding: 4px"},
    {
        "selector": ".leaky",
        "props": "background: #b00020; color: #fff; padding: 0 5px; print-color-adjust: exact",
    },
]
# Beside this module, which is all of the repository that is sure to be seen inside a container.
TableStyler = Styler.from_custom_template(Path(__file__).parent, html_table="table.html.j2")


def weights_name(weights: str, pretrained_on: str | None) -> str:
    """What a table says of a backbone's `weights`: none, what they were `pretrained_on`, or the name of their file.

    A local file is named in any case: a config that replaces `weights` may keep the old `pretrained_on`.
    """
    name = weights.rsplit("/", 1)[-1]
    if weights == "none" or not pretrained_on:
        return name
    published = weights.startswith(("package:", "http://", "https://"))
    return pretrained_on if published else f"{pretrained_on} ({name})"


def cell(runs: pd.DataFrame, metric: str, decimals: int = 3) -> str:
    """The text of one cell: `metric` of the seeds in `runs`, with the interval of a single one."""
    text = f"{runs[metric].mean():,.{decimals}f}"
    if len(runs) > 1 and not metric.startswith("params"):
        text += f" ± {runs[metric].std():,.{decimals}f}"
    elif f"{metric}_low" in runs:
        low, high = runs[[f"{metric}_low", f"{metric}_high"]].iloc[0]
        text += f" ({low:.{decimals}f}–{high:.{decimals}f})"
    return text


def styled(table: pd.DataFrame, name: str) -> Styler:
    """`table` without its index, in the project's style, under an id of its own."""
    styler = TableStyler(table, uuid=name, cell_ids=False).hide(axis="index").set_table_styles(STYLE)
    return styler.set_table_attributes('class="results"')


def text_columns(table: pd.DataFrame, names: Sequence) -> pd.DataFrame:
    """Classes of a table's cells: `text` in the columns `names`, `number` in all others."""
    classes = pd.DataFrame("number", index=table.index, columns=table.columns)
    classes[list(names)] = "text"
    return classes


def markup(text: str) -> Markup:
    """A cell's text as HTML: intervals and stamps marked."""
    if text == "none":
        return Markup('<strong class="none">none</strong>')
    text, stamp, _ = text.partition(" LEAKY")
    text, _, interval = text.partition(" (")
    parts = [Markup("{}").format(text)]
    parts += [Markup('<span class="interval">({}</span>').format(interval)] if interval else []
    parts += [Markup('<strong class="leaky">LEAKY</strong>')] if stamp else []
    return Markup(" ").join(parts)
