"""Metrics per lesion against pandas and scikit-learn, and what must not change them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lesionflow.evaluation.comparisons import compare
from lesionflow.evaluation.lesions import lesion_predictions, metrics_per_lesion
from lesionflow.evaluation.metrics import score

CLASSES = list("ABCD")
COMPARED = ["balanced_accuracy", "f1_macro", "auroc_macro", "sensitivity_D"]


def draw_images(seed: int, several: bool = True) -> pd.DataFrame:
    """60 images of 2 seeds, some of unknown lesion; `several` of a lesion, all of one class, or one of each."""
    random = np.random.default_rng(seed)
    number = np.concatenate([np.arange(8), random.integers(0, 30, 52)]) if several else np.arange(60)
    images = pd.DataFrame({"seed": number % 2, "image": [f"i{n}" for n in random.permutation(60)]})
    images["lesion"] = pd.Series([f"L{n}" for n in number]).where(random.random(60) < 0.8)
    images["group"] = [f"g{n // 2}" for n in number]
    images["label"] = np.array(CLASSES)[number // 2 % 4]
    return images.join(pd.DataFrame(random.dirichlet(np.ones(4), 60), columns=CLASSES))


def per_image(images: pd.DataFrame) -> dict:
    label = pd.Categorical(images["label"], categories=CLASSES).codes
    return score(images[CLASSES].to_numpy(), label, images["group"], CLASSES)


def flat(found: dict) -> dict:
    """All numbers of metrics, by one name each."""
    cells = {f"cell {number}": count for number, count in enumerate(np.ravel(found["confusion_matrix"]))}
    classes = {f"{name} {key}": value for name, of in found["per_class"].items() for key, value in of.items()}
    rest = {key: value for key, value in found.items() if key not in ("per_class", "confusion_matrix")}
    return rest | cells | classes


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_of_one_image_per_lesion_they_are_those_per_image(seed):
    images = draw_images(seed, several=False)
    found, expected = flat(metrics_per_lesion(images, CLASSES)), flat(per_image(images))
    assert found.pop("lesions") == images["lesion"].notna().sum()
    assert found.pop("images_without_lesion") == images["lesion"].isna().sum()
    assert found.pop("lesions_of_several_classes") == 0
    assert found == {key.replace("images", "units"): value for key, value in expected.items()}


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_neither_order_nor_copies_of_all_images_of_a_lesion_matter(seed):
    images = draw_images(seed)
    found = flat(metrics_per_lesion(images, CLASSES))
    assert flat(metrics_per_lesion(images.sample(frac=1, random_state=seed), CLASSES)) == found
    copied = images[images["lesion"] == images["lesion"].dropna().iloc[0]]
    more = pd.concat([images, copied.assign(image="copy of " + copied["image"])], ignore_index=True)
    assert flat(metrics_per_lesion(more, CLASSES)) == pytest.approx(found, abs=1e-12)
    assert per_image(more)["images"] > per_image(images)["images"]


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_they_are_those_of_pandas_and_scikit_learn(seed):
    images = draw_images(seed)
    found = metrics_per_lesion(images, CLASSES)
    rows = images.groupby(["seed", images["lesion"].fillna(images["image"])])
    table = rows[CLASSES].mean().join(rows["label"].first())
    label, answer = table["label"], table[CLASSES].idxmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(label, answer),
        "balanced_accuracy": sk.balanced_accuracy_score(label, answer),
        "precision_macro": sk.precision_score(label, answer, average="macro", zero_division=0),
        "sensitivity_macro": sk.recall_score(label, answer, average="macro"),
        "f1_macro": sk.f1_score(label, answer, average="macro"),
        "f1_weighted": sk.f1_score(label, answer, average="weighted"),
        "auroc_macro": np.mean([sk.roc_auc_score(label == name, table[name]) for name in CLASSES]),
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    assert found["confusion_matrix"] == sk.confusion_matrix(label, answer, labels=CLASSES).tolist()
    assert found["units"] == len(table) == found["lesions"] + found["images_without_lesion"]
    assert found["balanced_accuracy_low"] <= found["balanced_accuracy"] <= found["balanced_accuracy_high"]


def small() -> pd.DataFrame:
    """Lesion x of three images, y of two classes, an image without a lesion that has the name of one, in two seeds."""
    one = pd.DataFrame({"image": list("abcdex"), "lesion": ["x", "x", "x", "y", "y", None], "group": list("xxxyyx")})
    one = one.assign(label=list("AAAABB"), A=[0.9, 0.4, 0.5, 0.9, 0.9, 0.2]).assign(B=lambda table: 1 - table["A"])
    return pd.concat([one.assign(seed=seed) for seed in (1, 2)], ignore_index=True)


def test_lesions_by_hand():
    table = lesion_predictions(small(), ["A", "B"])
    assert list(zip(table["seed"], table["image"], table["label"], strict=True)) == [
        (1, "image x", "B"), (1, "lesion x", "A"), (2, "image x", "B"), (2, "lesion x", "A")
    ]  # fmt: skip
    assert table["A"].tolist() == pytest.approx([0.2, 0.6] * 2)
    found = metrics_per_lesion(small(), ["A", "B"])
    assert (found["lesions"], found["images_without_lesion"], found["lesions_of_several_classes"]) == (2, 2, 2)
    assert found["units"] == 4 and found["groups"] == 1 and found["per_class"]["A"]["units"] == 2


def test_without_a_known_lesion_they_are_unknown():
    images = small()
    assert metrics_per_lesion(images.assign(lesion=None), ["A", "B"]) is None
    assert metrics_per_lesion(images[images["lesion"] != "x"], ["A", "B"]) is None  # y has two classes


def compared(images: pd.DataFrame, seed: int, lesions: bool = True) -> pd.DataFrame:
    """All metrics of two models in one seed, a as in `images`, b by chance."""
    images = images.assign(seed=1)
    chance = np.random.default_rng([seed, 1]).dirichlet(np.ones(4), len(images))
    order = images["image"].rank().astype(int) - 1  # the answers stay with their images
    tables = {"a": images, "b": images.assign(**pd.DataFrame(chance[order], images.index, CLASSES))}
    per_lesion = {name: lesion_predictions(table, CLASSES) for name, table in tables.items()}
    contrasts = [("c", "a", "b"), ("d", "b", "a")]
    return compare(contrasts, tables, CLASSES, COMPARED[0], 0.02, 99, 0, COMPARED[1:], per_lesion if lesions else None)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_models_compared_per_lesion_do_not_touch_the_primary_family(seed):
    images = draw_images(seed)
    table = compared(images, seed)
    of_images, of_lesions = (table[table["per"] == per].reset_index(drop=True) for per in ("image", "lesion"))
    pd.testing.assert_frame_equal(of_images, compared(images, seed, lesions=False))
    assert set(of_lesions["family"]) == {"exploratory"} and len(of_lesions) == len(of_images) == 8
    assert (of_lesions["p_adjusted"] == of_lesions["p"]).all()
    expected = metrics_per_lesion(images.assign(seed=1), CLASSES)
    assert (of_lesions["images"] == expected["units"]).all() and (of_lesions["groups"] == expected["groups"]).all()
    again = compared(images.sample(frac=1, random_state=seed), seed)
    pd.testing.assert_frame_equal(again, table)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_of_one_image_per_lesion_models_compare_as_per_image(seed):
    table = compared(draw_images(seed, several=False), seed).drop(columns=["p_adjusted", "verdict", "family"])
    of_images, of_lesions = (
        table[table["per"] == per].drop(columns="per").reset_index(drop=True) for per in ("image", "lesion")
    )
    pd.testing.assert_frame_equal(of_images, of_lesions, rtol=0, atol=1e-9)


def test_the_difference_per_lesion_is_that_of_metrics_json():
    images = draw_images(3).assign(seed=1)
    tables = {"a": images, "b": images.assign(**dict(zip(CLASSES, images[CLASSES[::-1]].to_numpy().T, strict=True)))}
    of_lesions = {name: lesion_predictions(table, CLASSES) for name, table in tables.items()}
    found = compare([("c", "a", "b")], tables, CLASSES, COMPARED[0], 0.02, 9, 0, COMPARED[1:], of_lesions)
    a, b = (metrics_per_lesion(table, CLASSES) for table in tables.values())
    expected = [a[metric] - b[metric] for metric in COMPARED[:3]]
    expected.append(a["per_class"]["D"]["sensitivity"] - b["per_class"]["D"]["sensitivity"])
    assert found.loc[found["per"] == "lesion", "difference"].tolist() == pytest.approx(expected, abs=1e-6)
