"""What printed confusion matrices can say: every pairing of small ones, and the thesis' own."""

from itertools import product

import numpy as np
import pytest
import yaml
from scipy import stats

from lesionflow.evaluation.printed_difference import printed_difference
from lesionflow.files import InputError
from lesionflow.report.thesis_numbers import PUBLISHED


def pairings(images: int, right_a: int, right_b: int) -> list[tuple[int, int]]:
    """Images that only a and only b gets right, for each possible number that both get right."""
    both = range(max(0, right_a + right_b - images), min(right_a, right_b) + 1)
    return [(right_a - n, right_b - n) for n in both]


def matrix(images: list[int], right: tuple[int, ...]) -> np.ndarray:
    """Confusion of two classes."""
    wrong = np.subtract(images, right)
    return np.array([[right[0], wrong[0]], [wrong[1], right[1]]])


def test_the_limits_are_those_of_all_pairings():
    images = [3, 4]
    for right_a, right_b in product(product(range(4), range(5)), repeat=2):
        table = printed_difference(matrix(images, right_a), matrix(images, right_b), ["A", "B"]).set_index("class")
        by_class = [pairings(*numbers) for numbers in zip(images, right_a, right_b, strict=True)]
        for name, pairs in (("A", by_class[0]), ("B", by_class[1]), ("all", None)):
            pairs = pairs or [np.add(one, other) for one, other in product(*by_class)]
            p = [stats.binomtest(int(n), int(n + m)).pvalue if n + m else 1 for n, m in pairs]
            totals = [sum(pair) for pair in pairs]
            row = table.loc[name]
            assert (row["p_low"], row["p_high"]) == pytest.approx((min(p), max(p)))
            assert (row["discordant_low"], row["discordant_high"]) == (min(totals), max(totals))


@pytest.mark.parametrize(
    "backbone, right, p",
    [("efficientnet_b0", (228, 202), (0.0000062, 0.1093)), ("resnet50v2", (377, 390), (0.00235, 0.0351))],
)
def test_smote_in_the_thesis_third_stage(backbone, right, p):
    """0.57 to 0.51 may be chance, 0.94 to 0.98 is not: as if images were independent and none had leaked."""
    published = yaml.safe_load(PUBLISHED.read_text())
    runs = [run for run in published["runs"] if run["backbone"] == backbone and run["stage"] == 3]
    matrices = {run["dataset"]: np.array(run["confusion_matrix"]) for run in runs}
    table = printed_difference(matrices["no_smote"], matrices["smote"], published["class_order"])
    assert table["class"].tolist() == [*published["class_order"], "all"]
    last = table.iloc[-1]
    assert (last["images"], last["right_a"], last["right_b"]) == (400, *right)
    assert (last["p_low"], last["p_high"]) == pytest.approx(p, rel=0.01)


def test_matrices_of_other_images_are_refused():
    with pytest.raises(InputError, match="different numbers of images per class"):
        printed_difference(matrix([3, 4], (1, 1)), matrix([4, 4], (1, 1)), ["A", "B"])
