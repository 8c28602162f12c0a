"""The parts of a section of the report, as the template `page.html.j2` shows them.

A section is what `section` returns: a dictionary with the blocks of this module, or None where there is nothing to
show. Labels (protocol, backbone, stage, dataset) are what the reader filters by.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from lesionflow.report.tables.table import Table


def section(name: str, title: str, *blocks: dict | None) -> dict | None:
    """A section of the page under the anchor `name`; None without blocks."""
    shown = [block for block in blocks if block]
    return {"name": name, "title": title, "blocks": shown} if shown else None


def chapter(name: str, title: str, *sections: dict | None) -> dict:
    """A chapter of the page with the sections that have something to show, under the anchor chapter_`name`."""
    return {"name": f"chapter_{name}", "title": title, "sections": [found for found in sections if found]}


def group(title: str, *blocks: dict | None, labels: Mapping[str, str] | None = None, level: int = 4) -> dict | None:
    """Blocks under a heading of their own."""
    shown = [block for block in blocks if block]
    return {"kind": "group", "title": title, "blocks": shown, "labels": labels or {}, "level": level} if shown else None


def folded(name: str, title: str, *blocks: dict | None) -> dict | None:
    """Blocks behind a disclosure under the anchor `name`."""
    shown = [block for block in blocks if block]
    return {"kind": "folded", "name": name, "title": title, "blocks": shown} if shown else None


def paragraph(text: str) -> dict:
    """A paragraph of text."""
    return {"kind": "paragraph", "text": text}


def sentences(texts: Sequence[str], notes: bool = True) -> dict | None:
    """A list of sentences, in small print if they are `notes`."""
    return {"kind": "sentences", "texts": texts, "notes": notes} if texts else None


def figures(found: Sequence[Mapping]) -> dict | None:
    """Figures of `captions_and_labels.read_figure` with their captions, side by side where there is room."""
    return {"kind": "figures", "figures": found} if found else None


def tabular(table: Table, caption: str) -> dict:
    """A table with its caption; without a number of the thesis it gets one of the supplement."""
    about = {"title": table.title, "number": table.number, "labels": table.labels}
    return {"kind": "table", "caption": caption, "html": Markup(table.html())} | about


def written_table(table: Mapping) -> dict:
    """As `tabular`, a table of `captions_and_labels.read_table`, with its title as its caption."""
    return {"kind": "table", "caption": table["title"], **table}


def tables(found: Sequence[Mapping]) -> dict | None:
    """Tables of `tabular` side by side."""
    return {"kind": "tables", "tables": found} if found else None


def pair(left: Sequence[Mapping], *right: dict | None) -> dict:
    """Figures beside other blocks."""
    return {"kind": "pair", "figures": left, "blocks": [block for block in right if block]}


def cards(found: Sequence[Mapping]) -> dict | None:
    """Model cards of `captions_and_labels.read_card`, folded."""
    return {"kind": "cards", "cards": found} if found else None


def code(text: str) -> dict:
    """Text as it is, such as YAML."""
    return {"kind": "code", "text": text}
