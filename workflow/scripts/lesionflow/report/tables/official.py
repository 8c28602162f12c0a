"""Tables of the official test: the score beside published ones, and the scores of the unknown class."""

from collections.abc import Mapping

import pandas as pd

from lesionflow.report.tables.table import Table

OWN = {
    "score": "This model",
    "without_unknown_class": "This model, if it calls no image unknown",
    "known_images_only": "This model, images of known classes only",
}


def official_table(record: Mapping) -> Table:
    """Return the balanced accuracies of official_score.json, and the published ones."""
    known, rows = record["images"] - record["images_unknown"], []
    for key, name in OWN.items():
        score = record[key]
        low, high = score["balanced_accuracy_low"], score["balanced_accuracy_high"]
        value = f"{score['balanced_accuracy']:.3f} ({low:.3f}–{high:.3f})"
        images = known if key == "known_images_only" else record["images"]
        rows.append((name, f"{len(score['per_class'])}", f"{images:,}", value, ""))
    published = record["published"]
    for each in published["scores"]:
        name = f"{each['team']}, rank {each['rank']} ({each['task']})"
        source = each["source"] + ("" if each["checked"] else " (not checked)")
        rows.append((name, "9", f"{published['images']:,}", f"{each['balanced_accuracy']:.3f}", source))
    table = pd.DataFrame(rows, columns=["Entry", "Classes", "Images", "Balanced accuracy", "Source"])
    return Table("official", "Official test", table, table, ["Entry", "Source"])


def unknown_table(record: Mapping) -> Table:
    """Return how each score of the unknown class separates known and unknown images."""
    about, rows = record["unknown"], []
    for name, score in about["scores"].items():
        shares = [score[key] for key in ("valid_flagged", "known_flagged", "unknown_flagged")]
        chosen = f"{name.replace('_', ' ')}{', used' if name == about['score'] else ''}"
        rows.append((chosen, *map(percent, shares), "–" if score["auroc"] is None else f"{score['auroc']:.3f}"))
    columns = ["Score", "Validation images", "Known test images", "Unknown test images", "AUROC"]
    table = pd.DataFrame(rows, columns=columns)
    return Table("unknown", "Images called unknown", table, table, ["Score"])


def percent(share: float | None) -> str:
    """A fraction as a percentage, – where there are no images."""
    return "–" if share is None else f"{100 * share:.1f} %"
