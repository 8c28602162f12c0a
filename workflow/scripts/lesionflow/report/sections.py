"""What the sections of the report show: the best models, splits, single models, and figures with their captions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.evaluation.best_model import MODEL, best_model, best_runs
from lesionflow.report.captions_and_labels import caption, find_labels, number
from lesionflow.report.tables.counts import counts_html


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
    """A figure of `read_figure` with its labels, number and caption; one without caption has its description.

    `known` is from `captions_and_labels.names`; captions are named by the thesis' number of a figure, or else by its
    kind.
    """
    keywords = figure["keywords"]
    labels, printed = find_labels(keywords, known), number(keywords)
    named = [(printed or "").lower().replace(" ", "_").replace(".", "_"), keywords[0]]
    known_captions = {file.stem for file in captions.glob("*.rst")}
    found = [name for name in named if name in known_captions]
    text = caption(captions, found[0], keywords, labels, collection) if found else figure["description"]
    return {**figure, "labels": labels, "number": printed, "caption": text}
