"""Comparisons of a run: predictions of models, verdicts in words, and what the thesis' own numbers can say."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lesionflow.evaluation.comparisons import COLUMNS
from lesionflow.evaluation.printed_difference import printed_difference
from lesionflow.evaluation.run_comparisons import compare_run, predictions_of_models, with_advice
from lesionflow.lists import read_comparisons
from lesionflow.report.captions_and_labels import read_figure
from lesionflow.report.figures.comparisons import comparisons
from lesionflow.report.printed_comparisons import printed_sentences
from lesionflow.report.tables.comparisons import comparisons_table, notes
from lesionflow.report.thesis_numbers import PUBLISHED
from lesionflow.report.verdict_sentences import verdict_sentences

CLASSES = ["MEL", "NV"]
MANIFEST = pd.DataFrame({"image": [f"i{n:02d}" for n in range(40)], "group": [f"i{n // 2 * 2:02d}" for n in range(40)]})
MANIFEST["label"] = np.where(np.arange(40) < 20, "MEL", "NV")
MANIFEST["lesion"] = MANIFEST["group"].where(np.arange(40) % 10 < 8)  # of a tenth it is not known


def record(protocol: str, seed: int, dataset: str) -> dict:
    return {"protocol": protocol, "seed": str(seed), "dataset": dataset, "backbone": "resnet50", "stage": "3"}


def predictions(right: int, images: slice = slice(None)) -> pd.DataFrame:
    """test.csv of a model that finds the first `right` of ten melanomas, and all naevi."""
    table = MANIFEST[["image"]].copy()
    found = np.where(np.arange(40) % 20 < 2 * right, 0.9, 0.4)
    table["MEL"] = np.where(MANIFEST["label"] == "MEL", found, 0.1)
    return table.assign(NV=1 - table["MEL"])[images].reset_index(drop=True)


def contrast(protocol: str, leaky: bool = False, a: str = "smote", b: str = "undersampled") -> dict:
    names = {"contrast": f"{a} instead of {b} (resnet50, stage 3)", "protocol": protocol, "leaky": leaky}
    return names | {key: f"{protocol}/{dataset}/resnet50/stage3" for key, dataset in (("a", a), ("b", b))}


@pytest.fixture(scope="module")
def long() -> pd.DataFrame:
    """Two protocols: a leaky one, in which smote finds all melanomas and undersampled none, and one with a tie."""
    right = {("as_published", "smote"): 10, ("as_published", "undersampled"): 0}
    right |= {("corrected", "smote"): 9, ("corrected", "undersampled"): 9}
    records = [record(protocol, 1, dataset) for protocol, dataset in right]
    found = predictions_of_models(records, [predictions(count) for count in right.values()], MANIFEST, {})
    contrasts = [contrast("as_published", leaky=True), contrast("corrected")]
    table = compare_run(contrasts, found, CLASSES, "balanced_accuracy", 0.02)
    return with_advice(table, "10 seeds would detect about 0.020")


def test_seeds_of_a_cross_fitted_protocol_are_partitions():
    """Seeds 1 and 2 are the folds of the first partition, 3 and 4 of the second; other protocols keep their seeds."""
    halves = [slice(0, 20), slice(20, 40)]
    records = [record("cross_fitted", seed, "smote") for seed in (1, 2, 3, 4)] + [record("corrected", 3, "smote")]
    tests = [predictions(9, halves[(seed - 1) % 2]) for seed in (1, 2, 3, 4)] + [predictions(9)]
    found = predictions_of_models(records, tests, MANIFEST, {"cross_fitted": 2})
    crossed = found["cross_fitted/smote/resnet50/stage3"]
    assert crossed.groupby("seed")["image"].nunique().to_dict() == {1: 40, 2: 40} and len(crossed) == 80
    assert not crossed.duplicated(["seed", "image"]).any()
    assert crossed.iloc[0][["image", "group", "label"]].tolist() == ["i00", "i00", "MEL"]
    assert found["corrected/smote/resnet50/stage3"]["seed"].unique().tolist() == [3]


def test_every_contrast_has_a_row_per_metric_and_families_are_of_a_protocol(long):
    assert list(long)[: len(COLUMNS) + 2] == [*COLUMNS, "protocol", "leaky"]
    metrics = ["balanced_accuracy", "f1_macro", "auroc_macro", "sensitivity_MEL"]
    assert long["metric"].tolist() == [*np.repeat(metrics, 2)] * 2 and long["per"].tolist() == ["image", "lesion"] * 8
    assert long["leaky"].tolist() == [True] * 8 + [False] * 8
    primary = long[long["family"] == "primary"].set_index("protocol")
    assert (primary["p_adjusted"] == primary["p"]).all()  # one contrast in each family
    assert primary.loc["as_published", "verdict"] == "better" and primary.loc["as_published", "difference"] == 0.5
    assert primary.loc["corrected", ["difference", "p"]].tolist() == [0, 1]
    assert long.loc[long["metric"] == "sensitivity_MEL", "difference"].tolist() == [1, 1, 0, 0]


def test_melanoma_is_not_compared_where_none_is_tested():
    others = MANIFEST.replace({"label": {"MEL": "BCC"}})
    tests = [predictions(9).rename(columns={"MEL": "BCC"}).assign(MEL=0.0)] * 2
    records = [record("corrected", 1, name) for name in ("smote", "undersampled")]
    found = predictions_of_models(records, tests, others, {})
    table = compare_run([contrast("corrected")], found, ["MEL", "NV", "BCC"], "balanced_accuracy", 0.02)
    assert "sensitivity_MEL" not in set(table["metric"]) and len(table) == 6


def test_a_test_set_of_one_class_has_no_auroc():
    records = [record("corrected", 1, name) for name in ("smote", "undersampled")]
    naevi = [predictions(9, slice(20, 40))] * 2
    found = predictions_of_models(records, naevi, MANIFEST, {})
    table = compare_run([contrast("corrected")], found, CLASSES, "balanced_accuracy", 0.02)
    assert table["metric"].tolist() == [*np.repeat(["balanced_accuracy", "f1_macro"], 2)]


def test_where_no_lesion_is_known_models_are_compared_per_image_only():
    records = [record("corrected", 1, name) for name in ("smote", "undersampled")]
    found = predictions_of_models(records, [predictions(9)] * 2, MANIFEST.assign(lesion=None), {})
    table = compare_run([contrast("corrected")], found, CLASSES, "balanced_accuracy", 0.02)
    assert (table["per"] == "image").all() and len(table) == 4
    assert any("unknown under corrected" in note for note in notes(with_advice(table, ""), 0.02))


def test_a_class_of_which_no_lesion_is_clear_is_compared_per_image_only():
    """All melanomas and a naevus are pictures of one lesion."""
    records = [record("corrected", 1, name) for name in ("smote", "undersampled")]
    mixed = MANIFEST.assign(lesion=[f"L{max(20, number)}" for number in range(40)])
    found = predictions_of_models(records, [predictions(9)] * 2, mixed, {})
    table = compare_run([contrast("corrected")], found, CLASSES, "balanced_accuracy", 0.02)
    assert set(table.loc[table["per"] == "lesion", "metric"]) == {"balanced_accuracy", "f1_macro"}


def test_advice_is_given_where_balanced_accuracy_is_too_small_to_tell(long):
    advised = long[long["what_it_takes"].notna()]
    assert advised[["protocol", "metric"]].to_numpy().tolist() == [["corrected", "balanced_accuracy"]]


def test_verdicts_in_words_put_leaky_protocols_last_and_stamp_them(long):
    first, second = verdict_sentences(long)
    row = long[(long["protocol"] == "corrected") & (long["family"] == "primary")].iloc[0]
    low, high = (f"{row[end]:+.3f}".replace("-", "−") for end in ("low", "high"))
    assert first == (
        "smote instead of undersampled (resnet50, stage 3), corrected: balanced accuracy +0.000 "
        f"(95 % CI {low} to {high}), too small to tell: the study could detect {row['detectable']:.3f}; "
        "10 seeds would detect about 0.020."
    )
    assert second.startswith("LEAKY: smote instead") and second.endswith("better (adjusted p = 0.002).")
    one = long[~long["leaky"]]
    assert verdict_sentences(one)[0].startswith("smote instead of undersampled (resnet50, stage 3): balanced")
    assert len(verdict_sentences(pd.concat([one] * 9))) == 5


def test_the_table_says_how_to_read_it(long, tmp_path):
    table = comparisons_table(long, 0.02, ["What was printed."])
    paths = [tmp_path / f"comparisons.{ending}" for ending in ("csv", "md", "html")]
    table.write(*paths)
    pd.testing.assert_frame_equal(read_comparisons(paths[0]), long, check_dtype=False)
    text, html = (path.read_text() for path in paths[1:])
    assert "as_published LEAKY" in text and "corrected LEAKY" not in text and 'class="leaky"' in html
    for words in ("Holm's method", "permutation", "ignores", "±0.02", "What was printed.", "sensitivity for MEL"):
        assert words in text, words
    assert "what it takes: 10 seeds would detect about 0.020 in balanced accuracy." in text
    assert (table.wide["Adj. p"] == "–").sum() == 14
    assert "the mean of the class probabilities" in text and "unknown under" not in text
    known = comparisons_table(long[long["verdict"] == "better"], 0.02, [])
    assert not any("what it takes" in note for note in known.notes)


def test_the_forest_plot_shows_every_primary_contrast(long, tmp_path):
    comparisons(tmp_path / "comparisons.svg", long, 0.02)
    figure = read_figure(tmp_path / "comparisons.svg")
    assert figure["kind"] == "comparisons" and figure["title"] == "Comparisons of models: balanced accuracy"
    assert "stage 3), as_published LEAKY: +0.500, better; smote" in figure["description"]
    assert figure["description"].endswith("corrected: +0.000, too small to tell.")


def test_what_the_thesis_printed_about_smote():
    first, second = printed_sentences(PUBLISHED)
    assert "efficientnet_b0, stage 3: it printed accuracies of 0.57 and 0.51" in first
    assert "resnet50v2, stage 3: it printed accuracies of 0.94 and 0.98" in second and "LEAKY" in second
    given = yaml.safe_load(PUBLISHED.read_text())
    runs = [run for run in given["runs"] if (run["backbone"], run["stage"]) == ("resnet50v2", 3)]
    matrices = [run["confusion_matrix"] for run in runs]
    total = printed_difference(*matrices[::-1], given["class_order"]).iloc[-1]
    assert f"p is between {total['p_low']:.2g} and {total['p_high']:.2g}" in second
    assert "it printed 0.35 and 0.40" in second
