"""The report: one HTML file with every table and figure of a collection, which opens without a network."""

import base64
import functools
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pandas as pd

from lesionflow.environment import release
from lesionflow.report.captions_and_labels import LABELS, caption
from lesionflow.report.sections import data, methods, models, results
from lesionflow.report.sections.blocks import chapter, figures, section, written_table
from lesionflow.report.sections.official import official_section
from lesionflow.report.sections.verdict import verdict_section
from lesionflow.report.tables.results import results_table
from lesionflow.report.tables.table import Table
from lesionflow.source import REPORT

TEMPLATE = REPORT / "page.html.j2"


@dataclass(frozen=True)
class Study:
    """Contents of the report.

    `results` is table_4_1.csv, `counts` class_counts.csv, `costs` costs.csv, `rejected` rejected.csv, and `ladder` and
    `search` are ladder.csv and search.csv if the run has them. `records` are model.json files; `runs`, `cards` and
    `figures` are from `captions_and_labels`, `evidence` from `conflicts.evidence`. `categories` gives the section of
    each kind of figure. `verdicts` are at most five sentences, `comparisons` is
    their table, `printed` is from `printed_comparisons`, and `official` is official_score.json if the run has it.
    """

    collection: str
    results: pd.DataFrame
    counts: pd.DataFrame
    costs: pd.DataFrame
    ladder: pd.DataFrame | None
    search: pd.DataFrame | None
    rejected: pd.DataFrame
    runs: Sequence[dict]
    records: Sequence[Mapping]
    cards: Sequence[dict]
    figures: Sequence[dict]
    categories: Mapping[str, str]
    evidence: str
    settings: Mapping
    class_names: Mapping[str, str]
    licence: str
    verdicts: Sequence[str] = ()
    comparisons: Table | None = None
    printed: Sequence[str] = ()
    official: Mapping | None = None


def page(template: str | Path, study: Study) -> str:
    """Return the report as HTML; captions are in the folder of the template."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["digest"] = script_digest
    rows = results_table(study.results).rows or []
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(
        collection=study.collection,
        release=release(),
        chapters=chapters(Path(template).parent, study),
        options={name: list(dict.fromkeys(" ".join(row[name] for row in rows).split())) for name in LABELS},
        figure_number=itertools.count(1).__next__,
        table_number=itertools.count(1).__next__,
    )


def chapters(captions: Path, study: Study) -> list[dict]:
    """Return the chapters of the page in order."""
    table, of = results_table(study.results), figures_by_category(captions, study)
    said = functools.partial(caption, captions, collection=study.collection, leaky=bool(study.results["leaky"].any()))
    classes = len(study.records[0]["classes"])
    verdict = verdict_section(of.pop("Results", []), study.verdicts, study.results, study.ladder, classes)
    all_models = [
        results.results_section(table, said("table_4_1")),
        models.comparisons_section(study.comparisons, of.pop("Comparisons", [])),
        models.models_section(of.pop("Single models", []), [written_table(table) for table in study.runs]),
        official_section(study.official),
        models.search_section(study.search, said("search"), of.pop("Search", [])),
        models.architectures_section(of.pop("Architectures and stages", [])),
    ]
    leakage = [
        results.ladder_section(study.ladder, of.pop("Ladder of leakage", [])),
        results.comparison_section(study.results, study.printed),
        data.images_section(
            of.pop("Images", []), study.counts, said("classes"), study.class_names, study.evidence, study.rejected
        ),
        data.duplicates_section(of.pop("Duplicates", [])),
    ]
    others = [section(name.lower().replace(" ", "_"), name, figures(found)) for name, found in of.items()]
    how = [
        methods.costs_section(study.costs, said("costs"), study.records),
        methods.software_section(study.records),
        methods.settings_section(study.settings),
        methods.licence_section(study.licence),
    ]
    return [
        chapter("verdict", "Verdict", verdict),
        chapter("models", "Models", *all_models),
        chapter("data", "Data and leakage", *leakage),
        chapter("trust", "Trust", *others, models.cards_section(study.cards, set(study.results["protocol"]))),
        chapter("methods", "Methods", *how),
    ]


def figures_by_category(captions: Path, study: Study) -> dict[str, list[dict]]:
    """Return figures with captions, by section."""
    found: dict[str, list[dict]] = {}
    for figure in study.figures:
        text = caption(captions, figure["kind"], study.collection, figure["labels"], figure["leaky"])
        found.setdefault(study.categories[figure["kind"]], []).append(figure | {"caption": text})
    return found


def script_digest(script: str) -> str:
    """Return the digest of a script for a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
