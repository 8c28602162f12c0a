"""Comparisons against brute force, exact tests, and simulated studies whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lesionflow.evaluation.comparisons import COLUMNS, compare
from lesionflow.evaluation.metrics import score
from lesionflow.evaluation.resampled_metrics import metric_values, swapped_differences
from lesionflow.evaluation.resampling import Images, SeedImages, multiplicities
from lesionflow.evaluation.verdicts import holm, verdict
from lesionflow.files import InputError

pytestmark = pytest.mark.workflow  # simulations: not for `make test-fast`

CLASSES = ["A", "B", "C"]
METRICS = ["balanced_accuracy", "f1_macro", "auroc_macro", "sensitivity_C"]
SIZES = (
    [1] * 60 + [2] * 18 + [3] * 9 + [4] * 5 + [6] * 3 + [9] * 2 + [14, 20, 31]
)  # images of a lesion, as in ISIC 2019
LESIONS = (60, 40, 20)


def draw_study(
    random: np.random.Generator,
    lesions: tuple[int, ...] = LESIONS,
    seeds: int = 1,
    gain: float = 0,
    training: float = 0,
    independent: bool = False,
) -> dict[str, pd.DataFrame]:
    """Predictions of a and b, alike but for the `gain` of a, on correlated images of each lesion.

    Lesions are the same in all seeds, or `independent`. `training` is the noise of each training of a model.
    """
    rows = {"a": [], "b": []}
    for seed in range(seeds):
        if independent or not seed:
            size = random.choice(SIZES, sum(lesions))
            group = np.repeat(np.arange(len(size)), size)
            label = np.repeat(range(len(lesions)), lesions)[group]
            names = np.char.add(f"{seed if independent else 0}-", np.arange(len(group)).astype(str))
            keys = pd.DataFrame({"image": names, "group": names[np.searchsorted(group, group)]})
            keys["label"] = np.array(CLASSES)[label]
            lasting = {model: random.standard_normal((len(size), 3)) for model in rows}
        for model in rows:
            own = lasting[model] + 0.7 * random.standard_normal((len(size), 3))
            scores = own[group] + random.standard_normal((len(group), 3))
            scores[np.arange(len(group)), label] += 1.2 + gain * (model == "a") + training * random.standard_normal()
            rows[model].append(with_scores(keys.assign(seed=seed), scores))
    return {model: pd.concat(frames, ignore_index=True) for model, frames in rows.items()}


def with_scores(keys: pd.DataFrame, scores: np.ndarray) -> pd.DataFrame:
    """Predictions whose probabilities are the softmax of `scores`."""
    chances = np.exp(scores)
    return keys.assign(**dict(zip(CLASSES, (chances / chances.sum(axis=1, keepdims=True)).T, strict=True)))


def compare_two(study: dict[str, pd.DataFrame], draws: int = 399, seed: int = 0, a: str = "a", b: str = "b"):
    """All metrics of a against b, indexed by metric."""
    table = compare([("c", a, b)], study, CLASSES, METRICS[0], 0.02, draws, seed, METRICS[1:])
    return table.set_index("metric")


def draw_images(random: np.random.Generator) -> tuple[SeedImages, np.ndarray, np.ndarray]:
    """60 images of 15 groups, and the probabilities of two models with many ties."""
    label = np.concatenate([np.arange(3), random.integers(0, 3, 57)])
    group = np.concatenate([np.arange(15), random.integers(0, 15, 45)])
    return SeedImages(label, group, 15), *(random.dirichlet(np.ones(3), 60).round(1) for _ in range(2))


def scores_of(images: SeedImages, probabilities: np.ndarray, rows: np.ndarray) -> list[float]:
    """METRICS by the module that makes metrics.json, on the images `rows`."""
    scored = score(probabilities[rows], images.label[rows], images.group[rows], CLASSES)
    return [scored[name] for name in METRICS[:3]] + [scored["per_class"]["C"]["sensitivity"]]


def test_groups_are_drawn_within_their_class():
    """One less than there are, and all in draw 0, which is the study."""
    images = Images(np.zeros(9, int), np.array([0, 0, 1, 2, 3, 3, 4, 5, 5]), np.array([0, 0, 0, 0, 1, 1, 1, 2, 2]))
    drawn = multiplicities(images, 600, 0)
    assert (drawn[:, 0] == 1).all()
    for members, expected in (([0, 1, 2], 2), ([3, 4], 1), ([5], 1)):
        assert (drawn[members, 1:].sum(axis=0) == expected).all()
        assert drawn[members, 1:].mean(axis=1) == pytest.approx(expected / len(members), abs=0.15)


def test_metrics_of_drawn_groups_are_those_of_repeated_images():
    random = np.random.default_rng(0)
    images, probabilities, _ = draw_images(random)
    weights = random.integers(0, 4, (15, 20))
    found = metric_values(METRICS, CLASSES, images, probabilities, weights)
    for draw in range(20):
        rows = np.repeat(np.arange(60), weights[images.group, draw])
        assert found[:, draw] == pytest.approx(scores_of(images, probabilities, rows), abs=1e-6)


def test_metrics_of_swapped_groups_are_those_of_swapped_answers():
    random = np.random.default_rng(1)
    images, a, b = draw_images(random)
    signs = random.choice([-1, 1], (15, 20))
    found = swapped_differences(METRICS, CLASSES, images, a, b, signs)
    for draw in range(20):
        stay = (signs[images.group, draw] == 1)[:, None]
        one, other = np.where(stay, a, b), np.where(stay, b, a)
        expected = np.subtract(*(scores_of(images, answers, np.arange(60)) for answers in (one, other)))
        assert found[:, draw] == pytest.approx(expected, abs=1e-6)


def test_the_difference_is_that_of_the_metrics_averaged_over_seeds():
    study = draw_study(np.random.default_rng(2), seeds=3, gain=0.3, independent=True)
    means = []
    for table in study.values():
        parts = [part for _, part in table.groupby("seed")]
        scored = [score(p[CLASSES].to_numpy(), p["label"].map(CLASSES.index), p["group"], CLASSES) for p in parts]
        means.append(np.mean([[one[name] for name in METRICS[:3]] for one in scored], axis=0))
    assert compare_two(study)["difference"][METRICS[:3]].tolist() == pytest.approx(means[0] - means[1], abs=1e-6)


def test_the_table_has_its_columns_and_families():
    study = draw_study(np.random.default_rng(3), seeds=2) | {"c": None}
    study["c"] = study["b"]
    table = compare([("1", "a", "b"), ("2", "a", "c")], study, CLASSES, METRICS[0], 0.02, 99, 0, METRICS[1:])
    assert list(table) == COLUMNS
    assert list(zip(table["metric"], table["contrast"], strict=True)) == [(m, c) for m in METRICS for c in "12"]
    assert (table["family"] == ["primary"] * 2 + ["exploratory"] * 6).all()
    assert (table["seeds"] == 2).all() and (table["groups"] == sum(LESIONS)).all()
    assert (table["images"] == study["a"]["image"].nunique()).all()
    assert (table["p_adjusted"][2:] == table["p"][2:]).all()
    assert table["p_adjusted"][:2].tolist() == [min(1, 2 * p) for p in table["p"][:2]]  # Holm, where both are equal


def test_one_of_several_contrasts_needs_a_smaller_p():
    study = draw_study(np.random.default_rng(21), gain=0.8)
    alone = compare([("1", "a", "b")], study, CLASSES, METRICS[0], 0.02, 399, 0)
    both = compare([("1", "a", "b"), ("2", "a", "b")], study, CLASSES, METRICS[0], 0.02, 399, 0)
    assert 0.025 < alone["p"].iloc[0] == both["p"].iloc[0] < 0.05
    assert alone["verdict"].iloc[0] == "better" and both["verdict"].iloc[0] == "too small to tell"


def test_the_same_answers_twice_differ_in_nothing_but_not_beyond_doubt():
    study = draw_study(np.random.default_rng(4))
    study["b"] = study["a"]
    table = compare_two(study, draws=4000)
    assert (table["difference"] == 0).all() and (table[["p", "mcnemar_p"]] == 1).all(axis=None)
    groups = np.array(LESIONS)  # what one more group that one model only gets right would add to the standard error
    error = pd.Series({name: np.sqrt((1 / groups**2).sum()) / 3 for name in METRICS[:3]} | {"sensitivity_C": 1 / 20})
    assert (table["high"] / error).to_numpy() == pytest.approx(1.96, rel=0.1)
    assert (-table["low"] / error).to_numpy() == pytest.approx(1.96, rel=0.1)
    assert (table["detectable"] / error).to_numpy() == pytest.approx(2.80, rel=0.1)
    assert table["verdict"][METRICS[0]] == "too small to tell"


@pytest.mark.parametrize("only_a, only_b", [(30, 14), (12, 9), (8, 1)])
def test_p_of_single_images_is_that_of_exact_tests(only_a, only_b):
    """As all images are of classes of the same size, balanced accuracy counts them alike; so does sensitivity."""
    right = np.repeat([[1, 0], [0, 1], [1, 1], [0, 0]], [only_a, only_b, 20, 66 - only_a - only_b], axis=0).astype(bool)
    keys = pd.DataFrame({"image": [f"{n:03}" for n in range(258)], "seed": 1, "label": np.tile(CLASSES, 86)})
    label, rows = np.arange(258) % 3, np.arange(258)
    right = np.concatenate([right, np.ones((258 - len(right), 2), bool)])
    right = right[np.random.default_rng(0).permutation(258)]
    answers = [np.where(right[:, model], label, (label + 1) % 3) for model in range(2)]
    tables = [with_scores(keys, 5 * np.eye(3)[answer]).assign(group=keys["image"]) for answer in answers]
    table = compare_two(dict(zip("ab", tables, strict=True)), draws=9999)
    exact = stats.binomtest(only_a, only_a + only_b).pvalue
    assert table["mcnemar_p"].iloc[0] == pytest.approx(exact)
    assert table["p"]["balanced_accuracy"] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999) + 1e-4)
    of_class = right[rows % 3 == 2].astype(float)
    other = stats.permutation_test(
        of_class.T, lambda a, b, axis: (a - b).mean(axis), permutation_type="samples", vectorized=True, rng=0
    ).pvalue
    assert table["p"]["sensitivity_C"] == pytest.approx(other, abs=6 * np.sqrt(other * (1 - other) / 9999) + 1e-4)


def rates(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """How often, by metric, p is below 0.05 and the interval holds 0."""
    p, covers = table["p"] < 0.05, (table["low"] <= 0) & (table["high"] >= 0)
    return p.groupby("metric").mean(), covers.groupby("metric").mean()


def test_nothing_is_found_where_nothing_is():
    """1,000 studies of two models that are alike: false discoveries and missed truths are as rare as promised.

    The sensitivity of 20 lesions takes so few values that its exact test finds less than it may. McNemar's test,
    which takes images of a lesion for independent, finds a difference in 3 of 10 studies.
    """
    random = np.random.default_rng(5)
    table = pd.concat([compare_two(draw_study(random), seed=number) for number in range(1000)])
    found, covered = rates(table)
    assert found[METRICS[:3]].between(0.03, 0.07).all() and found["sensitivity_C"] <= 0.07
    assert covered.between(0.92, 0.98).all()
    assert (table["mcnemar_p"] < 0.05).mean() > 0.2


@pytest.mark.parametrize("seeds, training, independent", [(3, 0.6, False), (5, 0.3, True), (5, 0, True)])
def test_luck_in_training_is_not_taken_for_a_better_model(seeds, training, independent):
    random = np.random.default_rng(6)
    lesions = (20, 20, 20) if independent else LESIONS
    studies = (draw_study(random, lesions, seeds, 0, training, independent) for _ in range(200))
    table = pd.concat([compare_two(study, draws=199, seed=number) for number, study in enumerate(studies)])
    found, covered = rates(table)
    assert found.max() <= 0.08 and covered.between(0.91, 0.99).all()
    assert table["verdict"].isin(["better", "worse"]).mean() <= 0.07


def test_a_seed_repeated_is_no_new_evidence():
    study = draw_study(np.random.default_rng(7), gain=0.3)
    five = {name: pd.concat([table.assign(seed=seed) for seed in range(5)]) for name, table in study.items()}
    one, repeated = compare_two(study), compare_two(five)
    numbers = ["difference", "low", "high", "p", "detectable"]
    assert repeated[numbers].to_numpy() == pytest.approx(one[numbers].to_numpy())


def test_a_difference_is_found_as_often_as_detectable_says():
    """In 4 of 5 studies one of that size, nearly always one twice as large."""
    random, lesions = np.random.default_rng(8), (150, 150, 150)
    for times, gain in ((1, 0.6), (2, 1.15)):
        studies = (draw_study(random, lesions, gain=gain) for _ in range(200))
        rows = [compare_two(study, seed=number).iloc[0] for number, study in enumerate(studies)]
        table = pd.DataFrame(rows)
        assert table["difference"].mean() == pytest.approx(times * table["detectable"].mean(), rel=0.05)
        better = (table["verdict"] == "better").mean()
        assert 0.72 <= better <= 0.88 if times == 1 else better >= 0.95
        assert table["p"].min() >= 1 / 400  # of 399 permutations and the study itself


def test_the_order_of_rows_does_not_matter():
    study = draw_study(np.random.default_rng(9), seeds=2, gain=0.3)
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in study.items()}
    pd.testing.assert_frame_equal(compare_two(study), compare_two(shuffled))


def test_names_of_images_and_groups_do_not_matter():
    study = draw_study(np.random.default_rng(10), gain=0.15)
    table = compare_two(study, draws=4000)
    renamed = {
        name: each.assign(image=each["image"].str[::-1], group=each["group"].str[::-1]) for name, each in study.items()
    }
    other = compare_two(renamed, draws=4000)
    assert other["difference"].to_numpy() == pytest.approx(table["difference"].to_numpy(), abs=1e-6)
    numbers = ["low", "high", "p", "detectable"]  # of other draws
    assert other[numbers].to_numpy() == pytest.approx(table[numbers].to_numpy(), abs=0.03)


@pytest.mark.parametrize("seeds", [1, 3])
def test_swapping_the_models_mirrors_the_comparison(seeds):
    study = draw_study(np.random.default_rng(11), seeds=seeds, gain=0.3, training=0.5)
    table, mirror = compare_two(study), compare_two(study, a="b", b="a")
    assert (table["difference"] + mirror["difference"]).abs().max() < 1e-6
    assert mirror[["low", "high"]].to_numpy() == pytest.approx(-table[["high", "low"]].to_numpy(), abs=1e-6)
    same = ["p", "p_adjusted", "detectable", "mcnemar_p"]
    assert mirror[same].to_numpy() == pytest.approx(table[same].to_numpy(), abs=1e-6)


def test_a_contrast_does_not_depend_on_the_others():
    study = draw_study(np.random.default_rng(12)) | {"c": None}
    study["c"] = study["a"].assign(**{name: study["b"][name].to_numpy() for name in CLASSES[::-1]})
    alone = compare_two(study).reset_index()
    pairs = [("other", "c", "a"), ("c", "a", "b")]
    table = compare(pairs, study, CLASSES, METRICS[0], 0.02, 399, 0, METRICS[1:])
    same = [name for name in COLUMNS if name not in ("p_adjusted", "verdict")]
    pd.testing.assert_frame_equal(
        table[table["contrast"] == "c"][same].reset_index(drop=True), alone[same], check_like=True
    )


def test_holms_adjustment():
    p = np.array([0.01, 0.04, 0.03, 0.005, 0.6])
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.6])  # × 4, 2 and at least that of × 3, 3, 5, 1
    assert holm(np.array([0.5, 0.9])).tolist() == [1, 1]


def test_holms_adjustment_is_that_of_statsmodels():
    """Where statsmodels is installed: this project needs nothing else of it."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(0).random(40) ** 3
    assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])


@pytest.mark.parametrize(
    "low, high, p, expected",
    [
        (0.01, 0.09, 0.01, "better"),
        (-0.09, -0.01, 0.01, "worse"),
        (0.01, 0.09, 0.06, "too small to tell"),  # after the adjustment
        (-0.001, 0.09, 0.01, "too small to tell"),  # the interval has another opinion
        (-0.01, 0.015, 0.5, "no difference beyond the margin"),
        (0.005, 0.015, 0.001, "no difference beyond the margin"),  # significant, and smaller than what matters
        (-0.03, 0.01, 0.3, "too small to tell"),
    ],
)
def test_verdicts(low, high, p, expected):
    assert verdict(low, high, p, margin=0.02) == expected


def test_models_that_cannot_be_compared_are_named():
    study = draw_study(np.random.default_rng(13), seeds=2)
    with pytest.raises(InputError, match="Contrast c names z, which has no predictions: choose one of a, b"):
        compare_two(study, b="z")
    missing = study | {"b": study["b"].iloc[:-1]}
    last = study["b"].iloc[-1]
    with pytest.raises(InputError, match=f"first difference is image {last['image']} of seed {last['seed']}"):
        compare_two(missing)
    for column, value in (("seed", 7), ("label", "C"), ("group", "other"), ("image", "other")):
        with pytest.raises(InputError, match="not tested on the same images"):
            compare_two(study | {"b": study["b"].assign(**{column: value})})
    for metric in ("accuracy", "sensitivity_D", "C"):
        with pytest.raises(InputError, match="choose one of balanced_accuracy, f1_macro, auroc_macro, sensitivity_A"):
            compare([("c", "a", "b")], study, CLASSES, metric, 0.02, 9, 0)
    with pytest.raises(InputError, match="label C, which is none of A, B"):
        compare([("c", "a", "b")], study, ["A", "B"], "f1_macro", 0.02, 9, 0)
    rest = {name: table[table["label"] != "C"] for name, table in study.items()}
    with pytest.raises(InputError, match="No test image is of class C"):
        compare([("c", "a", "b")], rest, CLASSES, "sensitivity_C", 0.02, 9, 0)
