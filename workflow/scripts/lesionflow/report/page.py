"""The report: one HTML file with every table and figure of a collection, which opens without a network."""

import base64
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from lesionflow.environment import describe, release
from lesionflow.report.captions_and_labels import LABELS, caption, find_labels, names
from lesionflow.report.protocol_comparison import sentences
from lesionflow.report.sections import explained, headlines, models, section, splits
from lesionflow.report.tables import ladder as ladders
from lesionflow.report.tables import search as search_tables
from lesionflow.report.tables.costs import html as cost_table
from lesionflow.report.tables.costs import keywords as cost_keywords
from lesionflow.report.tables.results import html, labels_4_1, notes
from lesionflow.report.tables.style import styled, text_columns
from lesionflow.source import REPORT

TEMPLATE = REPORT / "page.html.j2"
FIRST_REJECTED = 10
TABLES = ("table_4_1", "ladder", "classes", "search", "costs")  # that have a caption


def versions(cards: Sequence[Mapping]) -> dict[str, str]:
    """Version of each package by name; all of them where models were trained with different ones."""
    found: dict[str, set[str]] = {}
    for card in cards:
        for name, version in card["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(different)) for name, different in found.items()}


def search_html(table: pd.DataFrame, known: Mapping) -> str:
    """The table of searches, its rows with their labels."""
    rows = search_tables.wide(table)[["Protocol", "Backbone", "Dataset"]].rename(columns=str.lower).to_dict("records")
    labels = [find_labels([f"{label} {text.split()[0]}" for label, text in row.items()], known) for row in rows]
    return search_tables.html(table).to_html(labels=labels)


def text_html(table: pd.DataFrame, name: str) -> str:
    """A table of text; `name` is its id."""
    return styled(table, name).format(escape="html").set_td_classes(text_columns(table, list(table))).to_html()


def script_digest(script: str) -> str:
    """What a content security policy names a script by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def page(
    template: str | Path,
    *,
    collection: str,
    table: pd.DataFrame,
    ladder: pd.DataFrame | None,
    search: pd.DataFrame | None,
    tables: Sequence[dict],
    counts: pd.DataFrame,
    costs: pd.DataFrame,
    rejected: pd.DataFrame,
    cards: Sequence[Mapping],
    model_cards: Sequence[dict],
    figures: Sequence[dict],
    evidence: str,
    settings: Mapping,
    class_names: Mapping[str, str],
    licence: str,
) -> str:
    """The report as HTML.

    `table` is from `results.table_4_1`, `ladder` is ladder.csv, `search` search.csv, `counts` is class_counts.csv,
    `costs` costs.csv, `rejected` rejected.csv, `cards` are model.json files, `evidence` is from
    `conflicts.evidence`, `settings` is shown as YAML. `tables`, `model_cards` and `figures` are from
    `captions_and_labels.read_…`; captions lie beside the template.
    """
    known, captions = names(table), Path(template).parent
    empty = _environment().from_string(Path(template).read_text(encoding="utf-8"))
    return empty.render(
        collection=collection,
        chance=1 / len(cards[0]["classes"]),
        evidence=evidence,
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        licence=licence,
        **_results(table, captions, collection),
        **_ladder(ladder, known),
        **_search(search, known),
        **_figures(figures, tables, counts, class_names, known, captions, collection),
        **_rejected(rejected),
        **_cards(model_cards, known),
        **_effort(table, cards, costs, known),
    )


def _environment() -> jinja2.Environment:
    """How templates are read: what is not there is an error, and text is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["digest"] = script_digest
    return environment


def _figures(
    figures: Sequence[dict],
    tables: Sequence[dict],
    counts: pd.DataFrame,
    class_names: Mapping[str, str],
    known: Mapping,
    captions: Path,
    collection: str,
) -> dict:
    """Figures with what is said of them by section, and what of splits and single models stands beside them."""
    figures = [explained(figure, known, captions, collection) for figure in figures]
    of = {name: [figure for figure in figures if section(figure) == name] for name in map(section, figures)}
    tables = [{**table, "labels": find_labels(table["keywords"], known)} for table in tables]
    return {
        "figures": {name: of.get(name, []) for name in ("collection", "ladder", "search", "duplicates", "model")},
        "figure_number": itertools.count(1).__next__,
        "table_number": itertools.count(1).__next__,
        "splits": splits(counts, of.get("split", []), class_names),
        "models": models(of.get("run", []), tables),
    }


def _results(table: pd.DataFrame, captions: Path, collection: str) -> dict:
    """Table 4.1, what the report says of it, and the captions of tables."""
    rows, leaky = labels_4_1(table), ["LEAKY"] if table["leaky"].any() else []
    return {
        "headlines": headlines(table),
        "comparison": sentences(table),
        "table": html(table).to_html(labels=rows),
        "notes": notes(table),
        "options": {name: list(dict.fromkeys(" ".join(row[name] for row in rows).split())) for name in LABELS},
        "captions": {name: caption(captions, name, leaky, {}, collection) for name in TABLES},
    }


def _ladder(ladder: pd.DataFrame | None, known: Mapping) -> dict:
    """The table of the ladder, if there is one."""
    if ladder is None:
        return {"ladder": None, "ladder_notes": [], "ladder_labels": {}}
    labels = find_labels([f"{label} {ladder[label].iloc[0]}" for label in LABELS[1:]], known)
    return {"ladder": ladders.html(ladder).to_html(), "ladder_notes": ladders.notes(ladder), "ladder_labels": labels}


def _search(search: pd.DataFrame | None, known: Mapping) -> dict:
    """The table of searches, if there is one."""
    if search is None:
        return {"search": None, "search_notes": []}
    return {"search": search_html(search, known), "search_notes": search_tables.notes(search)}


def _rejected(rejected: pd.DataFrame) -> dict:
    """The first images that are not used, and how many there are."""
    shown = text_html(rejected.head(FIRST_REJECTED), "rejected")
    return {"rejected": shown, "rejected_first": FIRST_REJECTED, "rejected_count": len(rejected)}


def _cards(cards: Sequence[dict], known: Mapping) -> dict:
    """Model cards of the run, and apart from them those of the ladder."""
    return {
        "model_cards": [card for card in cards if card["labels"]["protocol"] in known["protocol"]],
        "ladder_cards": [card for card in cards if card["labels"]["protocol"] not in known["protocol"]],
    }


def _effort(table: pd.DataFrame, cards: Sequence[Mapping], costs: pd.DataFrame, known: Mapping) -> dict:
    """What models were trained with, and how long it took."""
    return {
        "versions": text_html(pd.DataFrame(versions(cards).items(), columns=["package", "version"]), "versions"),
        "release": release(),
        "devices": sorted({card["device"] for card in cards}),
        "containers": sorted({describe(card["container"]) for card in cards}),
        "costs": cost_table(costs).to_html(labels=[find_labels(cost_keywords(what), known) for what in costs["what"]]),
        "hours": table["time_s"].sum() / 3600,
    }
