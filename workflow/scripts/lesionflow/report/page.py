"""The report: one HTML file with every table and figure of a collection, which opens without a network."""

import base64
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from lesionflow.environment import describe
from lesionflow.evaluation.best_model import MODEL, best_model, best_runs
from lesionflow.report.captions_and_labels import LABELS, caption, find_labels, names, number
from lesionflow.report.protocol_comparison import sentences
from lesionflow.report.tables import ladder as ladders
from lesionflow.report.tables import search as search_tables
from lesionflow.report.tables.costs import html as cost_table
from lesionflow.report.tables.costs import keywords as cost_keywords
from lesionflow.report.tables.counts import counts_html
from lesionflow.report.tables.results import html, labels_4_1, notes
from lesionflow.report.tables.style import styled, text_columns
from lesionflow.source import REPORT

TEMPLATE = REPORT / "page.html.j2"
FIRST_REJECTED = 10
TABLES = ("table_4_1", "ladder", "classes", "search", "costs")  # that have a caption


def headlines(table: pd.DataFrame) -> list[dict]:
    """The best model of each protocol by validation balanced accuracy, and what it reached on test images.

    Test images have no say in the choice. With several seeds a model is the mean of its seeds; `seed` is the one that
    stands for it, and it is `used` if it is the one that looks at new images and is exported.
    """
    used = None if table["leaky"].all() else best_model(table).name
    found = []
    for _, rows in table.groupby("protocol", sort=False):
        chosen, run = best_runs(rows)
        found.append(
            {key: run[key] for key in MODEL}
            | {
                "leaky": bool(rows["leaky"].any()),
                "models": len(rows.groupby(MODEL)),
                "seeds": len(chosen),
                "seed": int(run["seed"]),
                "used": run.name == used,
                "images": int(chosen["images"].iloc[0]),
                "valid": chosen["valid_balanced_accuracy"].mean(),
                "test": chosen["balanced_accuracy"].mean(),
                "spread": chosen["balanced_accuracy"].std(),
                "low": chosen["balanced_accuracy_low"].iloc[0],
                "high": chosen["balanced_accuracy_high"].iloc[0],
            }
        )
    return found


def splits(counts: pd.DataFrame, figures: Sequence[dict], class_names: Mapping[str, str]) -> list[dict]:
    """Class counts, a table and its figures for each protocol and seed. `counts` is class_counts.csv."""
    found = []
    for place, ((protocol, seed), rows) in enumerate(counts.groupby(["protocol", "seed"], sort=False)):
        rows = rows.drop(columns=["protocol", "seed"]).reset_index(drop=True)
        table = counts_html(rows, class_names, f"class_counts_{place}")
        shown = [figure for figure in figures if {f"protocol {protocol}", f"seed {seed}"} <= {*figure["keywords"]}]
        found.append(
            {
                "title": f"{protocol}, seed {seed}",
                "labels": {"protocol": protocol},
                "table": table.to_html(labels=[{}] * len(rows) + [{"total": "true"}]),
                "figures": shown,
            }
        )
    return found


def models(figures: Sequence[dict], tables: Sequence[dict]) -> list[dict]:
    """Figures and tables of single models by backbone, then by protocol and seed, stage after stage."""
    found: dict[str, dict] = {}
    for table in tables:
        found.setdefault(table["labels"]["backbone"], {"tables": [], "runs": {}})["tables"].append(table)
    for figure in sorted(figures, key=lambda figure: figure["labels"].get("stage", "")):
        labels = figure["labels"]
        backbone = found.setdefault(labels["backbone"], {"tables": [], "runs": {}})
        seed = [word for word in figure["keywords"] if word.startswith("seed ")]
        backbone["runs"].setdefault(", ".join([labels["protocol"], *seed]), []).append(figure)
    return [{"backbone": name, **parts} for name, parts in found.items()]


def section(figure: Mapping) -> str:
    """Which section of the page a figure belongs to: that of its kind, or else that of what it is labelled with."""
    kind, labels = figure["keywords"][0], figure["labels"]
    if kind in ("ladder", "search", "duplicates", "model"):
        return kind
    if "protocol" not in labels:
        return "collection"
    return "run" if "backbone" in labels else "split"


def explained(figure: Mapping, known: Mapping, captions: Path, collection: str) -> dict:
    """A figure of `exhibits.read_figure` with its labels, number and caption; one without caption has its description.

    `known` is from `exhibits.names`; captions are named by the thesis' number of a figure, or else by its kind.
    """
    keywords = figure["keywords"]
    labels, printed = find_labels(keywords, known), number(keywords)
    named = [(printed or "").lower().replace(" ", "_").replace(".", "_"), keywords[0]]
    known_captions = {file.stem for file in captions.glob("*.rst")}
    found = [name for name in named if name in known_captions]
    text = caption(captions, found[0], keywords, labels, collection) if found else figure["description"]
    return {**figure, "labels": labels, "number": printed, "caption": text}


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

    `table` is from `tables.table_4_1`, `ladder` is ladder.csv, `search` search.csv, `counts` is class_counts.csv,
    `costs` costs.csv, `rejected` rejected.csv, `cards` are model.json files, `evidence` is from
    `conflicts.evidence`, `settings` is shown as YAML. `tables`,
    `model_cards` and `figures` are from `exhibits.read_…`; captions lie beside the template.
    """
    known, captions = names(table), Path(template).parent
    figures = [explained(figure, known, captions, collection) for figure in figures]
    of = {name: [figure for figure in figures if section(figure) == name] for name in map(section, figures)}
    tables = [{**table, "labels": find_labels(table["keywords"], known)} for table in tables]
    rows, leaky = labels_4_1(table), ["LEAKY"] if table["leaky"].any() else []
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["digest"] = script_digest
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(
        collection=collection,
        headlines=headlines(table),
        chance=1 / len(cards[0]["classes"]),
        comparison=sentences(table),
        ladder=None if ladder is None else ladders.html(ladder).to_html(),
        ladder_notes=[] if ladder is None else ladders.notes(ladder),
        ladder_labels={}
        if ladder is None
        else find_labels([f"{label} {ladder[label].iloc[0]}" for label in LABELS[1:]], known),
        search=None if search is None else search_html(search, known),
        search_notes=[] if search is None else search_tables.notes(search),
        table=html(table).to_html(labels=rows),
        notes=notes(table),
        options={name: list(dict.fromkeys(" ".join(row[name] for row in rows).split())) for name in LABELS},
        captions={name: caption(captions, name, leaky, {}, collection) for name in TABLES},
        figures={name: of.get(name, []) for name in ("collection", "ladder", "search", "duplicates", "model")},
        figure_number=itertools.count(1).__next__,
        table_number=itertools.count(1).__next__,
        splits=splits(counts, of.get("split", []), class_names),
        rejected=text_html(rejected.head(FIRST_REJECTED), "rejected"),
        rejected_first=FIRST_REJECTED,
        rejected_count=len(rejected),
        evidence=evidence,
        models=models(of.get("run", []), tables),
        model_cards=[card for card in model_cards if card["labels"]["protocol"] in known["protocol"]],
        ladder_cards=[card for card in model_cards if card["labels"]["protocol"] not in known["protocol"]],
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        versions=text_html(pd.DataFrame(versions(cards).items(), columns=["package", "version"]), "versions"),
        devices=sorted({card["device"] for card in cards}),
        containers=sorted({describe(card["container"]) for card in cards}),
        costs=cost_table(costs).to_html(labels=[find_labels(cost_keywords(what), known) for what in costs["what"]]),
        hours=table["time_s"].sum() / 3600,
        licence=licence,
    )
