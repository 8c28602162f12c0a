"""Tables of the report, written as CSV, Markdown and HTML."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markupsafe import Markup, escape
from pandas.io.formats.style import Styler

from lesionflow import markdown
from lesionflow.files import write_text
from lesionflow.lists import write_table

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


@dataclass(frozen=True)
class Table:
    """A table for programs (`long`, written as CSV) and for people (`wide`, whose cells are text).

    `name` is its id in HTML, `text` names the columns of `wide` that are aligned left. `leaky` are the protocols or
    splits that are stamped LEAKY: in the first column, or in the uppermost header where there are several. `rows` are
    the labels by which the report filters each row, `labels` those of the whole table. `number` is the thesis'. `more`
    is a table for people only that `write` puts after it, folded in HTML; its `long` is not written.
    """

    name: str
    title: str
    long: pd.DataFrame
    wide: pd.DataFrame
    text: Collection
    notes: Sequence[str] = ()
    leaky: Collection[str] = ()
    rows: Sequence[Mapping[str, str]] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    number: str | None = None
    more: "Table | None" = None

    @property
    def heading(self) -> str:
        """The title, after the number if there is one."""
        return f"Table {self.number}: {self.title}" if self.number else self.title

    def write(self, csv: str | Path, md: str | Path, html: str | Path) -> None:
        """Write CSV, Markdown and HTML."""
        write_table(csv, self.long)
        write_text(md, "\n".join(table.markdown() for table in (self, self.more) if table))
        items = Markup("").join(Markup("<li>{}</li>\n").format(note) for note in self.notes)
        page = f'<!doctype html>\n<meta charset="utf-8">\n{self.html(caption=True)}<ul>\n{items}</ul>\n'
        if self.more:
            page += f"<details><summary>{escape(self.more.heading)}</summary>\n{self.more.html()}</details>\n"
        write_text(html, page)

    def markdown(self) -> str:
        """The table in Markdown under its title, with its notes."""
        headers = [column if isinstance(column, tuple) else (column,) for column in self.wide]
        several = len(headers[0]) > 1
        stamped = {name: f"{name} LEAKY" for name in self.leaky}
        table = self.wide if several else self.wide.replace({self.wide.columns[0]: stamped})
        names = [" ".join(filter(None, [stamped.get(top, top) if several else top, *rest])) for top, *rest in headers]
        left = [name for name, column in zip(names, self.wide, strict=True) if column in self.text]
        return markdown.page(self.heading, table.set_axis(names, axis=1), left, self.notes)

    def html(self, caption: bool = False) -> str:
        """The table in HTML; classes `results`, `leaky`, `interval`, `none` and `text` are there to be styled."""
        stamped = functools.partial(stamp, leaky=set(self.leaky))
        first, several = self.wide.columns[0], isinstance(self.wide.columns, pd.MultiIndex)
        kinds = pd.DataFrame("number", index=self.wide.index, columns=self.wide.columns)
        kinds[list(self.text)] = "text"
        styler = TableStyler(self.wide, uuid=self.name, cell_ids=False).hide(axis="index").set_table_styles(STYLE)
        styler = styler.format(cell_markup).set_td_classes(kinds)
        styler = styler.format_index(escape, axis=1)
        styler = styler.format_index(stamped, axis=1, level=0) if several else styler.format(stamped, subset=[first])
        about = {**self.labels} | ({"number": self.number} if self.number else {})
        labels = "".join(Markup(' data-{}="{}"').format(*label) for label in about.items())
        styler = styler.set_table_attributes(f'class="results"{labels}')
        return (styler.set_caption(escape(self.heading)) if caption else styler).to_html(
            labels=self.rows or [{}] * len(self.wide)
        )


def stamp(name: str, leaky: Collection[str]) -> Markup:
    """A name as HTML, stamped if it is one of `leaky`."""
    return Markup("{}{}").format(name, Markup(' <strong class="leaky">LEAKY</strong>') if name in leaky else "")


def weights_name(weights: str, pretrained_on: str | None) -> str:
    """Return the text for a backbone's `weights`: none, what they were `pretrained_on`, or their file name.

    Local files are always named: a config that replaces `weights` may keep the old `pretrained_on`.
    """
    name = weights.rsplit("/", 1)[-1]
    if weights == "none" or not pretrained_on:
        return name
    published = weights.startswith(("package:", "http://", "https://"))
    return pretrained_on if published else f"{pretrained_on} ({name})"


def cell(runs: pd.DataFrame, metric: str, decimals: int = 3) -> str:
    """Return the text of one cell: `metric` of the seeds in `runs`, with the interval of a single one."""
    text = f"{runs[metric].mean():,.{decimals}f}"
    if len(runs) > 1 and not metric.startswith("params"):
        text += f" ± {runs[metric].std():,.{decimals}f}"
    elif f"{metric}_low" in runs:
        low, high = runs[[f"{metric}_low", f"{metric}_high"]].iloc[0]
        text += f" ({low:.{decimals}f}–{high:.{decimals}f})"
    return text


def cell_markup(text: str) -> Markup:
    """A cell's text as HTML: intervals, and weights that are none, marked."""
    if text == "none":
        return Markup('<strong class="none">none</strong>')
    text, _, interval = text.partition(" (")
    marked = Markup(' <span class="interval">({}</span>').format(interval) if interval else Markup("")
    return Markup("{}{}").format(text, marked)
