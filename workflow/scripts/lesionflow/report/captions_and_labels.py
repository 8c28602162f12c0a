"""Figures, tables and model cards as the report shows them: title, what is in them, and labels to filter by."""

import re
import urllib.parse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import pandas as pd
from docutils.core import publish_parts
from markdown_it import MarkdownIt
from markupsafe import Markup

NAMESPACES = {
    "svg": "http://www.w3.org/2000/svg",
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
LABELS = ("protocol", "backbone", "stage", "dataset")


def names(table: pd.DataFrame) -> dict[str, list[str]]:
    """By label the names that it can have; `table` is from `results.table_4_1`."""
    return {label: list(dict.fromkeys(table[label].astype(str))) for label in LABELS}


def find_labels(keywords: Collection[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The labels among `keywords` such as "stage 3" or "dataset smote"; `known` is from `names`."""
    found = {
        label: " ".join(name for name in options if f"{label} {name}" in keywords) for label, options in known.items()
    }
    return {label: text for label, text in found.items() if text}


def read_figure(path: str | Path) -> dict:
    """A figure of `report.figures`: keywords, title, description, and uri, which holds the whole SVG."""
    text = Path(path).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    return {
        "keywords": [item.text for item in root.iterfind(".//rdf:li", NAMESPACES)],
        "title": root.findtext("svg:title", namespaces=NAMESPACES),
        "description": root.findtext(".//dc:description", namespaces=NAMESPACES),
        "uri": f"data:image/svg+xml,{urllib.parse.quote(text, safe=' /:;=,+@?!*')}",
    }


def read_table(path: str | Path) -> dict:
    """A table of `report.tables.runs`: its title and, apart from it so that it never scrolls away, its HTML."""
    before, _, rest = Path(path).read_text(encoding="utf-8").partition("<caption>")
    title, _, after = rest.partition("</caption>")
    backbone, stage, _ = title.rpartition(": ")[2].split(", ", 2)
    return {"keywords": [f"backbone {backbone}", stage], "title": title, "html": Markup(before + after)}


def read_card(path: str | Path) -> dict:
    """A model card: title, HTML, and labels from the folders that it lies in; headings are one level below the title's.

    Its folders are {protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.
    """
    title, _, text = Path(path).read_text(encoding="utf-8").removeprefix("# ").partition("\n")
    protocol, _, dataset, backbone, stage = Path(path).parts[-6:-1]
    tokens = (parser := MarkdownIt("js-default")).parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = "h4"
    labels = {"protocol": protocol, "backbone": backbone, "stage": stage.removeprefix("stage"), "dataset": dataset}
    return {"title": title, "labels": labels, "html": Markup(parser.renderer.render(tokens, parser.options, {}))}


def number(keywords: Sequence[str]) -> str | None:
    """The thesis' number of a figure, "Figure 3.4", where it has one."""
    return next((word.capitalize() for word in keywords if word.startswith("figure ")), None)


def caption(folder: str | Path, name: str, keywords: Sequence[str], labels: Mapping, collection: str) -> Markup:
    """The caption that Snakemake's own report shows too, without its number; `name`.rst is in `folder`."""
    seeds = [("seed", word.removeprefix("seed ")) for word in keywords if word.startswith("seed ")]
    params = {"leaky": "LEAKY" in keywords, "datasets": [labels.get("dataset", "")]}
    job = {"wildcards": {"collection": collection, **labels, **dict(seeds)}, "params": params}
    files = {file.stem: file for file in Path(folder).glob("*.rst")}
    text = jinja2.Template(files[name].read_text(encoding="utf-8")).render(snakemake=job)
    text = re.sub(r"^(Figure|Table) [\d.]+[^:]*: (.)", lambda start: start[2].upper(), text)
    settings = {"report_level": 5, "raw_enabled": False, "file_insertion_enabled": False}
    html = publish_parts(text, writer="html5", settings_overrides=settings)["fragment"]
    return Markup(html.replace("<strong>LEAKY", '<strong class="leaky">LEAKY').strip())
