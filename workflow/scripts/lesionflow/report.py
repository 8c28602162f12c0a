"""The report: one HTML file with every table and figure of a collection, which opens without a network."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import pandas as pd
import yaml

from lesionflow import ladder as ladders
from lesionflow import search_tables
from lesionflow.comparison import sentences
from lesionflow.costs import html as cost_table
from lesionflow.counts import counts_html
from lesionflow.tables import html, notes

NAMESPACES = {
    "svg": "http://www.w3.org/2000/svg",
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
FIRST_REJECTED = 10


def read_figure(path: str | Path) -> dict:
    """A figure of `lesionflow.figures`: keywords, title, description, and uri, which holds the whole SVG."""
    data = Path(path).read_bytes()
    root = ElementTree.fromstring(data)
    return {
        "keywords": [item.text for item in root.iterfind(".//rdf:li", NAMESPACES)],
        "title": root.findtext("svg:title", namespaces=NAMESPACES),
        "description": root.findtext(".//dc:description", namespaces=NAMESPACES),
        "uri": f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}",
    }


def headlines(table: pd.DataFrame) -> list[dict]:
    """The best model of each protocol by validation balanced accuracy, and what it reached on test images.

    Test images have no say in the choice. With several seeds a model is the mean of its seeds.
    """
    found = []
    for protocol, runs in table.groupby("protocol", sort=False):
        keys = ["backbone", "weights", "stage", "dataset"]
        models = runs.groupby(keys, sort=False)
        best = models["valid_balanced_accuracy"].mean().idxmax()
        chosen = models.get_group(best)
        found.append(
            dict(zip(keys, best, strict=True))
            | {
                "protocol": protocol,
                "leaky": bool(runs["leaky"].any()),
                "models": len(models),
                "seeds": len(chosen),
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
    for number, ((protocol, seed), rows) in enumerate(counts.groupby(["protocol", "seed"], sort=False)):
        of_split = [protocol, f"seed {seed}"]
        rows = rows.drop(columns=["protocol", "seed"]).reset_index(drop=True)
        table = counts_html(rows, class_names, f"class_counts_{number}").to_html()
        shown = [
            figure
            for figure in figures
            if figure["keywords"][1:3] == of_split and figure["keywords"][0] in ("data", "classes", "leakage")
        ]
        found.append({"title": f"{protocol}, seed {seed}", "table": table, "figures": shown})
    return found


def models(figures: Sequence[dict]) -> dict[str, list[dict]]:
    """Curves, confusion matrices and galleries by protocol, seed and backbone, stage after stage."""
    found: dict[str, list[dict]] = {}
    for figure in sorted(figures, key=lambda figure: figure["keywords"][4:5]):
        kind, *names = figure["keywords"]
        if kind in ("curves", "confusion", "gallery", "mistakes"):
            found.setdefault(", ".join((names[2], names[0], names[1])), []).append(figure)
    return found


def versions(cards: Sequence[Mapping]) -> dict[str, str]:
    """Version of each package by name; all of them where models were trained with different ones."""
    found: dict[str, set[str]] = {}
    for card in cards:
        for name, version in card["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(different)) for name, different in found.items()}


def run_settings(collection: str, images: Mapping, config: Mapping) -> dict:
    """What of the config a run of `collection` (its entry there: `images`) uses, without what it does not."""
    run = config["run"]
    protocols = {
        name: {
            **config["protocols"][name],
            "stages": {key: config["protocols"][name]["stages"][key] for key in run["backbones"]},
        }
        for name in run["protocols"]
    }
    return {
        "collections": {collection: {key: value for key, value in images.items() if key != "download"}},
        **config,
        "datasets": {name: config["datasets"][name] for name in run["datasets"]},
        "backbones": {name: config["backbones"][name] for name in run["backbones"]},
        "protocols": protocols,
    }


def page(
    template: str | Path,
    *,
    collection: str,
    table: pd.DataFrame,
    ladder: pd.DataFrame | None,
    search: pd.DataFrame | None,
    run_tables: Mapping[str, Sequence[str]],
    counts: pd.DataFrame,
    costs: pd.DataFrame,
    rejected: pd.DataFrame,
    cards: Sequence[Mapping],
    figures: Sequence[dict],
    settings: Mapping,
    class_names: Mapping[str, str],
    licence: str,
) -> str:
    """The report as HTML.

    `table` is from `tables.table_4_1`, `ladder` is ladder.csv, `search` search.csv, `run_tables` holds HTML by
    backbone, `counts` is class_counts.csv, `costs` costs.csv, `rejected` rejected.csv, `cards` are model.json files,
    `figures` are from `read_figure`, `settings` is shown as YAML.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(
        collection=collection,
        headlines=headlines(table),
        chance=1 / len(cards[0]["classes"]),
        comparison=sentences(table),
        ladder=None if ladder is None else ladders.html(ladder).to_html(),
        ladder_notes=[] if ladder is None else ladders.notes(ladder),
        ladder_figures=[figure for figure in figures if figure["keywords"][0] == "ladder"],
        search=None if search is None else search_tables.html(search).to_html(),
        search_notes=[] if search is None else search_tables.notes(search),
        search_figures=[figure for figure in figures if figure["keywords"][0] == "search"],
        table=html(table).to_html(),
        notes=notes(table),
        run_tables=run_tables,
        samples=[figure for figure in figures if figure["keywords"][0] == "collection"],
        drawings=[figure for figure in figures if figure["keywords"][0] == "model"],
        duplicates=[figure for figure in figures if figure["keywords"][0] == "duplicates"],
        splits=splits(counts, figures, class_names),
        rejected=rejected.head(FIRST_REJECTED).to_dict("records"),
        rejected_count=len(rejected),
        models=models(figures),
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        versions=versions(cards),
        devices=sorted({card["device"] for card in cards}),
        costs=cost_table(costs).to_html(),
        hours=table["time_s"].sum() / 3600,
        licence=licence,
    )
