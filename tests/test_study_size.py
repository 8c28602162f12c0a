"""The formula for the size of a study against simulated studies."""

import numpy as np
import pandas as pd
import pytest

from lesionflow.evaluation.comparisons import compare
from lesionflow.splits.study_size import DESIGNS, Assumptions, detectable_differences, study_size, what_it_takes

pytestmark = pytest.mark.workflow  # simulations: not for `make test-fast`

SIZES = np.array([1] * 30 + [2] * 12 + [3] * 6 + [8, 12])  # images per lesion
LESIONS, SEEDS, TEST, POWERED = (200, 100, 50), 5, 60, 2.80
GIVEN = Assumptions(0.25, 0.3, 0.4, 0.03, SIZES.var() / SIZES.mean() ** 2)


def effects(random: np.random.Generator, lesion: np.ndarray) -> np.ndarray:
    """Unit normal effects of images that correlate within a lesion."""
    share = GIVEN.lesion_correlation
    alone = random.standard_normal(len(lesion))
    return np.sqrt(share) * random.standard_normal(lesion.max() + 1)[lesion] + np.sqrt(1 - share) * alone


def draw_difference(random: np.random.Generator, lesions: dict[int, np.ndarray], cross_fitted: bool, seeds: int):
    """The mean over seeds of a difference in balanced accuracy whose expectation is 0."""
    means = np.zeros((seeds, len(lesions)))
    for number, lesion in enumerate(lesions.values()):
        lasting = effects(random, lesion)
        for seed in range(seeds):
            difference = np.sqrt(GIVEN.persistence) * lasting
            difference = difference + np.sqrt(1 - GIVEN.persistence) * effects(random, lesion)
            order = random.permutation(lesion.max() + 1)[lesion]  # whole lesions, until there are enough images
            tested = slice(None) if cross_fitted else np.argsort(order, kind="stable")[:TEST]
            means[seed, number] = difference[tested].mean() * np.sqrt(GIVEN.discordance)
    return (means.mean(axis=1) + GIVEN.training * random.standard_normal(seeds)).mean()


@pytest.mark.parametrize("seeds", [1, SEEDS])
@pytest.mark.parametrize("split", ["independent", "cross_fitted"])
def test_the_formula_gives_the_spread_of_simulated_studies(split, seeds):
    """2,000 studies tell a standard deviation to 1.6 %."""
    random = np.random.default_rng(0)
    lesions = {n: np.repeat(np.arange(n), np.resize(SIZES, n)) for n in LESIONS}
    found = [draw_difference(random, lesions, split == "cross_fitted", seeds) for _ in range(2000)]
    images = [len(lesion) for lesion in lesions.values()]
    table = detectable_differences(images, LESIONS, TEST, [seeds], GIVEN).set_index("split")
    assert table.loc[split, "detectable"] == pytest.approx(POWERED * np.std(found), rel=0.05)
    assert table.loc[split, "test_images"] == (sum(images) if split == "cross_fitted" else 3 * TEST)


def test_a_plan_foretells_what_a_comparison_finds_detectable():
    """Two models of which each gets other images right, without a lesion or a training in common."""
    random, classes, n = np.random.default_rng(1), ["A", "B"], 400
    keys = pd.DataFrame({"image": [f"{k:04}" for k in range(2 * n)], "seed": 1, "label": np.repeat(classes, n)})
    right = random.random((2, 2 * n)) < 0.6
    truth = np.repeat([0, 1], n)
    answers = [np.eye(2)[np.where(one, truth, 1 - truth)] for one in right]
    tables = [keys.assign(group=keys["image"], A=answer[:, 0], B=answer[:, 1]) for answer in answers]
    found = compare(
        [("c", "a", "b")], dict(zip("ab", tables, strict=True)), classes, "balanced_accuracy", 0.02, 2000, 0
    )
    given = Assumptions(discordance=2 * 0.6 * 0.4, training=0, size_variation=0)
    planned = detectable_differences([n, n], [n, n], n, [1], given)
    assert planned["detectable"].tolist() == pytest.approx([found["detectable"].iloc[0]] * 2, rel=0.05)


def test_more_of_anything_lowers_what_is_detectable():
    table = detectable_differences([4522, 239], [1676, 113], 50).set_index(["split", "seeds"])["detectable"]
    assert table.loc["independent"].is_monotonic_decreasing and table.loc["cross_fitted"].is_monotonic_decreasing
    assert (table.loc["cross_fitted"] < table.loc["independent"]).all()
    rare = detectable_differences([30, 239], [20, 113], 50)  # no more test images than there are
    assert rare["test_images"].tolist() == [80] * 3 + [269] * 3


def labelled(**lesions: list[int]) -> pd.DataFrame:
    """Images of each class, by the images of its lesions."""
    rows = [
        (f"{label}{number}{image}", label, f"{label}{number}")
        for label, sizes in lesions.items()
        for number, size in enumerate(sizes)
        for image in range(size)
    ]
    return pd.DataFrame(rows, columns=["image", "label", "lesion"])


def test_a_study_has_as_many_folds_as_its_rarest_class_has_lesions():
    labels = labelled(MEL=[2, 1, 1, 3], NV=[1] * 9, DF=[4, 4], UNK=[1])
    labels.loc[labels["label"] == "NV", "lesion"] = None  # lesion unknown: each image counts as one lesion
    table = study_size(labels, ["MEL", "NV", "DF"], test=2).set_index("class")
    assert table["images"].to_dict() == {"MEL": 7, "NV": 9, "DF": 8, "all": 24}
    assert table["lesions"].to_dict() == {"MEL": 4, "NV": 9, "DF": 2, "all": 15}
    assert table["folds"].to_dict() == {"MEL": 4, "NV": 9, "DF": 0, "all": 0}
    found = detectable_differences([7, 9, 8], [4, 9, 2], 2).set_index(["split", "seeds"])["detectable"]
    assert set(DESIGNS) == {f"{split}_{seeds}" for split, seeds in found.index}
    for split, seeds in found.index:
        assert table.loc["all", f"{split}_{seeds}"] == found[split, seeds]
    assert table.loc[["MEL", "NV", "DF"], list(DESIGNS)].isna().all(axis=None)


def test_lesions_of_one_patient_count_as_one_group():
    labels = labelled(MEL=[1] * 8, NV=[1] * 8).assign(patient=[None, "a", "a", "a", "b", "b", "c", "c"] * 2)
    by_lesion = study_size(labels, ["MEL", "NV"], test=2).set_index("class")
    by_patient = study_size(labels, ["MEL", "NV"], test=2, group_by=["lesion", "patient"]).set_index("class")
    assert by_lesion["folds"].to_dict() == {"MEL": 8, "NV": 8, "all": 8}
    assert by_patient["folds"].to_dict() == {"MEL": 4, "NV": 4, "all": 4}
    assert by_patient["lesions"].equals(by_lesion["lesions"])
    assert (by_patient.loc["all", list(DESIGNS)] > by_lesion.loc["all", list(DESIGNS)]).all()


def test_what_it_takes_is_the_cheapest_design_that_suffices():
    size = pd.DataFrame({"class": ["all"], **{name: [0.1 / (n + 1)] for n, name in enumerate(DESIGNS)}})
    assert what_it_takes(size, 0.05) == "5 seeds would detect about 0.050"
    assert what_it_takes(size, 0.04) == "cross-fitting with 1 partition would detect about 0.033"
    assert what_it_takes(size, 0.01) == ("even cross-fitting with 10 partitions would detect no less than about 0.017")
