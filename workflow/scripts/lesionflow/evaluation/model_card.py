"""The model card: details, intended use, performance and caveats of a model.

Its headings are those of Mitchell et al., "Model cards for model reporting", doi:10.1145/3287560.3287596.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import jinja2
import pandas as pd
import yaml
from markupsafe import Markup

from lesionflow.environment import describe
from lesionflow.evaluation.best_model import DRAWN
from lesionflow.evaluation.metrics import shown_in
from lesionflow.markdown import escape
from lesionflow.source import REPORT
from lesionflow.splits.overlap_text import RESAMPLED, lesions_known

TEMPLATE = REPORT / "card.md.j2"
NOTICE = "Research use only, not a diagnosis."
INTENDED_USE = (
    f"{NOTICE} Primary use: research and teaching on how classifiers of images of skin lesions are trained and tested. "
    "Out of scope: diagnosis, triage, screening and any other decision on a patient. It is not a medical device and "
    "not clinically evaluated."
)
ETHICS = (
    "Training images are de-identified photographs of patients; no sensitive data are in the model card. A wrong "
    "prediction could delay the treatment of a melanoma: no prediction may be used for a decision on a patient."
)
NAMES = ("leaky", "drawn", "collection", "protocol", "seed", "dataset", "backbone", "stage")


def counts_by_class(counts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return numbers of images by class: train_real, train_synthetic, valid, test; `counts` is of one dataset."""
    (dataset,) = (column.removesuffix(" real") for column in counts if column.endswith(" real"))
    names = {f"{dataset} real": "train_real", f"{dataset} synthetic": "train_synthetic"}
    table = counts.set_index("class").rename(columns=names)[[*names.values(), "valid", "test"]]
    return table.to_dict("index")


def factors(metrics: Mapping, counts: Mapping) -> list[str]:
    """Return factors that may affect performance, as sentences; `counts` is from `counts_by_class`."""
    rarest = min(counts, key=lambda name: counts[name]["train_real"])
    per_class = metrics["test"]["per_class"]
    missed = min(per_class, key=lambda name: per_class[name]["sensitivity"])
    return [
        f"Class: the fewest real training images are of {rarest} ({counts[rarest]['train_real']}); the lowest "
        f"sensitivity on test images is that of {missed} ({per_class[missed]['sensitivity']:.3f}).",
        "Skin type and age: dark skin (Fitzpatrick types V and VI) and children are under-represented in public "
        "archives such as ISIC's, and no metric here is by skin type: performance in these groups is unknown.",
        "Instrument: for images like those of the collection (dermoscopic in ISIC's archives); performance on other "
        "kinds of images (dermoscopic or clinical), at other sites and on other devices is unknown.",
    ]


def limits(card: Mapping, metrics: Mapping, licence: str) -> list[str]:
    """Return caveats as sentences, with the model's own numbers if possible."""
    found = [
        f"Trained on images of the collection {card['collection']} only ({licence.rstrip('.')}): not externally "
        "validated.",
        f"No out-of-distribution rejection: every image is assigned one of {len(card['classes'])} classes, "
        "including images of healthy skin and of other diseases.",
        "Trained on a balanced set: probabilities do not reflect prevalence and are uncalibrated. Recalibrate and "
        "validate on local data before any comparison.",
    ]
    if card["weights"] == "none":
        found.append("The backbone started from random initialisation, without pretrained weights.")
    if card["drawn"]:
        found.append(DRAWN)
    if metrics["known"]["lesion"] < metrics["images_audited"]:
        found.append(f"Test images may share unrecorded lesions with training: {lesions_known(metrics)}.")
    if card["leaky"]:
        found.append(
            f"LEAKY: under {card['protocol']}, test images are known to share images or lesions with training; the "
            "test metrics do not hold for new images."
        )
    return found


def model_card(
    card: Mapping,
    metrics: Mapping,
    leakage: Mapping,
    counts: pd.DataFrame,
    split: Mapping,
    licence: str,
    digests: Mapping[str, str],
) -> dict:
    """Return the contents of card.json.

    `card`, `metrics` and `leakage` are model.json, metrics.json and leakage.json, `counts` is from
    `class_counts` with the model's own training list, `split` is the protocol's in the config, `digests` are the
    SHA-256 of the model's files.
    """
    classes = counts_by_class(counts)
    parts, audited = ("valid", "test"), ("images", "images_sharing", "sharing")
    return {
        "notice": NOTICE,
        **{name: card[name] for name in NAMES},
        "intended_use": INTENDED_USE,
        "factors": factors(metrics, classes),
        "ethics": ETHICS,
        "limits": limits(card, metrics, licence),
        "licence": licence,
        "images": classes,
        "split": dict(split),
        "leakage": {part: {key: leakage[part][key] for key in audited} for part in parts},
        **{key: leakage[key] for key in ("known", "images_audited")},
        "input": {"size": card["image_size"], "resize": card["resize"], "range": [0, 255], "channels": "RGB"},
        "classes": card["classes"],
        "recipe": {"weights": card["weights"], **card["backbone_settings"], **card["settings"]},
        "best_epoch": card["best_epoch"],
        "metrics": {part: metrics[part] for part in parts},
        **{key: metrics[key] for key in ("epochs", "time_s", "params_trainable", "params_total")},
        **{key: card[key] for key in ("device", "versions", "container", "code")},
        "digests": {**digests, **card["inputs"]},
    }


def markdown(template: str | Path, card: Mapping, class_names: Mapping[str, str]) -> str:
    """Return card.md from the contents of card.json."""
    blocks = {
        name: Markup(
            yaml.safe_dump(card[name], sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
        )
        for name in ("recipe", "split")
    }
    # Longer than any run of backticks in the blocks, which would end them.
    blocks["fence"] = Markup("`" * max(3, *(len(run) + 1 for run in re.findall("`*", "".join(blocks.values())))))
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else escape(value),
    )
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(
        card=card,
        scores=shown_in("card"),
        number=lambda value, metric: f"{value:.{metric.decimals}f}",
        class_names=class_names,
        container=describe(card["container"]),
        lesions_known=lesions_known(card),
        resampled=RESAMPLED,
        **blocks,
    )
