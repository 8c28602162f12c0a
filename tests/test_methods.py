"""What every method of splitting, every rung and every way to balance must keep to, whoever added it."""

import inspect
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES, manifest_table

from lesionflow.balancing import methods as balancing
from lesionflow.config.settings import LEAKY
from lesionflow.splits import methods as splits
from lesionflow.splits.ladder import RUNGS, split_rung

OPTIONS = {
    "test": 12,
    "valid": 12,
    "folds": 4,
    "archive": "BCN",
    "k_neighbors": 2,
}  # a method takes what its parameters name


def manifest() -> pd.DataFrame:
    """50 lesions per class with two images each, from archives and body sites in turn."""
    lesions = np.arange(400)
    table = manifest_table([CLASSES[lesion % 8] for lesion in lesions.repeat(2)], list(lesions.repeat(2)))
    table["lesion"], table["archive"] = table["group"], np.where(lesions.repeat(2) // 8 % 2, "BCN", "HAM")
    table["site"] = np.where(lesions.repeat(2) // 16 % 2, "head/neck", "lower extremity")
    return table


def options(method) -> dict:
    """OPTIONS that `method` takes, by name or for another method that it hands them on to."""
    taken = inspect.signature(method).parameters
    return {key: OPTIONS[key] for key in OPTIONS if key in taken or (key in ("test", "valid") and "settings" in taken)}


@pytest.mark.parametrize("method", splits.METHODS)
def test_a_split_names_every_image_and_gives_every_class_to_every_part(method):
    table = manifest()
    split = splits.draw_parts(table, 1, method, **options(splits.METHODS[method]))
    splits.check_split("split.csv", split, table["image"])
    found = split.merge(table).groupby("part")["label"].nunique()
    assert (found[list(splits.PARTS)] == 8).all()


@pytest.mark.parametrize("method", splits.METHODS)
def test_a_split_is_drawn_again_by_its_seed(method):
    own = options(splits.METHODS[method])
    once, again = (splits.draw_parts(manifest(), 1, method, **own) for _ in range(2))
    assert once.equals(again)


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_crosses_lesions_where_it_says_so_and_never_with_clean_images(rung):
    table, sizes = manifest(), {"test": 12, "valid": 12}
    part = split_rung(table, 1, rung, list(RUNGS), "BCN", **sizes)
    groups = {name: set(table.set_index("image").loc[part.index[part == name], "group"]) for name in set(part)}
    assert not groups["train"] & groups["clean"] and not groups["train"] & groups["valid"]
    assert bool(groups["train"] & groups["test"]) == (rung in LEAKY)
    others = split_rung(table, 1, "corrected", list(RUNGS), "BCN", **sizes)
    assert set(part.index[part == "clean"]) == set(others.index[others == "clean"])
    labels = table.set_index("image")["label"]
    trained = [labels[each.index[each == "train"]].value_counts().to_dict() for each in (part, others)]
    assert trained[0] == trained[1]


@pytest.mark.parametrize("method", balancing.METHODS)
def test_a_balancing_method_fills_every_class_up_with_images_of_the_class(method):
    labels = pd.Series(list("AAAAAAAABBBBBCCC"), index=[f"i{number:02d}" for number in range(16)])
    pixels = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)

    def read(images: pd.Index) -> Iterator[np.ndarray]:
        yield pixels[labels.index.get_indexer(images)]

    own = options(balancing.METHODS[method])
    once, again = (balancing.balance(labels, read, 1, 8, oversample=method, **own) for _ in range(2))
    assert once.equals(again) and list(once) == balancing.COLUMNS
    assert once["label"].value_counts().to_dict() == {"A": 8, "B": 8, "C": 8}
    real, synthetic = once[once["neighbour"].isna()], once[once["neighbour"].notna()]
    assert sorted(real["image"]) == sorted(labels.index) and synthetic["weight"].between(0, 1).all()
    for parent in ("image", "neighbour"):
        assert (labels[synthetic[parent]].to_numpy() == synthetic["label"]).all()
