"""Figures, tables and model cards as the report shows them: titles, contents, and labels to filter by."""

import re
import urllib.parse
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jinja2
from docutils.core import publish_parts
from markdown_it import MarkdownIt
from markupsafe import Markup

from lesionflow.evaluation import model_card

NAMESPACES = {
    "svg": "http://www.w3.org/2000/svg",
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
LABELS = ("protocol", "backbone", "stage", "dataset")


def labels_of(record: Mapping) -> dict[str, str]:
    """Return the labels of a model from its model.json or card.json."""
    return {name: str(record[name]) for name in LABELS}


def read_figure(path: str | Path) -> dict:
    """Read a figure of `figures.style.save`: kind, labels, number, leaky, title, description, and the SVG as uri."""
    text = Path(path).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    words = [item.text or "" for item in root.iterfind(".//rdf:li", NAMESPACES)]
    labels = dict(word.split("=", 1) for word in words)
    return {
        "kind": labels.pop("figure"),
        "number": labels.pop("number", None),
        "leaky": labels.pop("leaky", "") == "true",
        "labels": labels,
        "title": root.findtext("svg:title", namespaces=NAMESPACES),
        "description": root.findtext(".//dc:description", namespaces=NAMESPACES),
        "uri": f"data:image/svg+xml,{urllib.parse.quote(text, safe=' /:;=,+@?!*')}",
    }


class _Table(HTMLParser):
    """Parser of the labels of a table."""

    labels: Mapping[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "table":
            self.labels = {name.removeprefix("data-"): value for name, value in attrs if name.startswith("data-")}


def read_table(path: str | Path) -> dict:
    """Read a table of `Table.write`: labels, number, title, and HTML without title and notes."""
    text = Path(path).read_text(encoding="utf-8")
    table = _Table()
    table.feed(text)
    labels = dict(table.labels)
    before, _, rest = text.partition("<caption>")
    title, _, after = rest.partition("</caption>")
    html = Markup(before.partition("<style")[1] + before.partition("<style")[2] + after.partition("<ul>")[0])
    number = labels.pop("number", None)
    return {
        "number": number,
        "labels": labels,
        "title": unescape(title).removeprefix(f"Table {number}: "),
        "html": html,
    }


def read_card(card: Mapping, class_names: Mapping[str, str]) -> dict:
    """Read a model card (card.json): title, HTML and labels; headings are one level below the title's."""
    text = model_card.markdown(model_card.TEMPLATE, card, class_names)
    title, _, text = text.removeprefix("# ").partition("\n")
    tokens = (parser := MarkdownIt("js-default")).parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = "h4"
    html = Markup(parser.renderer.render(tokens, parser.options, {}))
    return {"title": title, "labels": labels_of(card), "html": html}


def caption(
    folder: str | Path, kind: str, collection: str, labels: Mapping | None = None, leaky: bool = False
) -> Markup:
    """The caption `kind`.rst in `folder`, which Snakemake's own report shows too, without the thesis' number."""
    params = {"leaky": leaky, "datasets": [(labels or {}).get("dataset", "")]}
    job = {"wildcards": {"collection": collection, **(labels or {})}, "params": params}
    files = {file.stem: file for file in Path(folder).glob("*.rst")}
    text = jinja2.Template(files[kind].read_text(encoding="utf-8")).render(snakemake=job)
    text = re.sub(r"^(Figure|Table) [\d.]+[^:]*: (.)", lambda start: start[2].upper(), text)
    settings = {"report_level": 5, "raw_enabled": False, "file_insertion_enabled": False}
    html = publish_parts(text, writer="html5", settings_overrides=settings)["fragment"]
    return Markup(html.replace("<strong>LEAKY", '<strong class="leaky">LEAKY').strip())
