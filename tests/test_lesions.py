"""Metrics per lesion against pandas and scikit-learn, and what must not change them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lesionflow.evaluation.lesions import lesion_predictions, metrics_per_lesion
from lesionflow.evaluation.metrics import score

CLASSES = list("ABCD")


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
