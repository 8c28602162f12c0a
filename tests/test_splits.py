"""Properties of a split, for any manifest."""

import random

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import CLASSES, REPOSITORY, manifest_table
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from lesionflow.config.settings import LEAKY, SAME_TRAINING
from lesionflow.data.labels_and_metadata import read_labels
from lesionflow.files import InputError
from lesionflow.splits.ladder import RUNGS, check_same_training, split_rung
from lesionflow.splits.methods import PARTS, as_table, draw_parts, split_by_fold, split_by_group


@st.composite
def manifests(draw, lesions: int = 3) -> pd.DataFrame:
    """Two to four classes of at least so many lesions of one to six images; a few groups join two classes."""
    labels, groups = [], []
    for label in "ABCD"[: draw(st.integers(2, 4))]:
        for _ in range(draw(st.integers(lesions, 25))):
            size = draw(st.integers(1, 6))
            joins = groups and draw(st.integers(0, 30)) == 0
            group = groups[-1] if joins else len(labels)
            labels += [label] * size
            groups += [group] * size
    return manifest_table(labels, groups)


@st.composite
def archives(draw) -> pd.DataFrame:
    """A manifest of which a third is of archive Y, the rest of X; a tenth of all lesions were photographed in both."""
    manifest = draw(manifests(lesions=12))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    names = manifest["group"].unique()
    archive = manifest["group"].map(dict(zip(names, generator.choice(list("XXY"), len(names)), strict=True)))
    both = manifest["group"].isin(names[generator.random(len(names)) < 0.1])
    return manifest.assign(archive=archive.mask(both & (generator.random(len(manifest)) < 0.5), "Y"))


@settings(max_examples=60)
@given(manifests(), st.integers(0, 5), st.integers(1, 12), st.integers(1, 12))
def test_split_properties(manifest, seed, test, valid):
    try:
        part = split_by_group(manifest, seed, test, valid, 0.334)
    except InputError as error:
        assert "too small for this split" in str(error)
        reject()
    table = manifest.assign(part=part[manifest["image"]].to_numpy())
    used = table[table["part"] != "unused"]
    assert used.groupby("group")["part"].nunique().max() == 1
    # Unused is what a group has more than its part wants.
    assert used.groupby("group")["part"].first()[table.loc[table["part"] == "unused", "group"]].ne("train").all()
    counts = pd.crosstab(table["label"], table["part"]).reindex(columns=[*PARTS, "unused"], fill_value=0)
    assert (counts[list(PARTS)] > 0).all(axis=None)
    assert (counts["test"] <= test).all() and (counts["valid"] <= valid).all()
    whole = table.groupby("group")["label"].nunique().max() == 1
    if whole:  # a group of two classes may take more from the commoner one
        assert (counts["train"] >= counts.sum(axis=1) * 0.334 - 1e-9).all()
        assert (counts["unused"] <= 5 + 5).all()
        rich = counts[counts.sum(axis=1) * 0.66 > test + valid + 5 + 5]
        assert (rich["test"] == test).all() and (rich["valid"] == valid).all()
    shuffled = manifest.sample(frac=1, random_state=seed)
    assert split_by_group(shuffled, seed, test, valid, 0.334).equals(part)


@pytest.mark.parametrize(
    ("images", "keep", "expected"),
    [
        (60, 0.334, {"train": 39, "valid": 9, "test": 12}),
        (32, 0.334, {"train": 11, "valid": 9, "test": 12}),  # just enough: a third of 32, rounded up, is kept
        (
            31,
            0.334,
            {"train": 12, "valid": 8, "test": 11},
        ),  # 20 are to spare: 12 · 20 / 21 = 11.4 and 9 · 20 / 21 = 8.6
        (
            30,
            0.334,
            {"train": 11, "valid": 8, "test": 11},
        ),  # 19 are to spare: 12 · 19 / 21 = 10.9 and 9 · 19 / 21 = 8.1
        (10, 0.334, {"train": 5, "valid": 2, "test": 3}),  # 6 are to spare
        (10, 0.8, {"train": 9, "test": 1}),  # none is left for validation
    ],
)
def test_a_small_class_keeps_its_share_for_training(images, keep, expected):
    manifest = manifest_table(["A"] * images + ["B"] * 100, list(range(images + 100)))
    if len(expected) < 3:
        with pytest.raises(InputError, match=r"Class A \(10 images\) is too small .* none is left for valid"):
            split_by_group(manifest, 1, 12, 9, keep)
        return
    part = draw_parts(manifest, 1, "by_image", test=12, valid=9, keep_for_training=keep).set_index("image")["part"]
    assert part[manifest["image"][:images]].value_counts().to_dict() == expected
    assert part[manifest["image"][images:]].value_counts().to_dict() == {"train": 79, "valid": 9, "test": 12}


def test_groups_of_two_classes_are_drawn_for_the_rarer_one():
    """All images of A stand in groups with one of B, which has enough others."""
    manifest = manifest_table(["A"] * 12 + ["B"] * 72, [*range(12), *range(72)])
    for seed in range(5):
        part = split_by_group(manifest, seed, 1, 1)
        assert part.iloc[:12].value_counts().to_dict() == {"train": 10, "valid": 1, "test": 1}


def test_images_of_one_lesion_cross_where_every_image_is_drawn_on_its_own():
    manifest = manifest_table(["A"] * 60 + ["B"] * 60, [number // 4 for number in range(120)])
    part = draw_parts(manifest, 1, "by_image", test=10, valid=10)
    used = part[part["part"] != "unused"].merge(manifest)
    assert used.groupby("group")["part"].nunique().max() > 1


def test_another_seed_is_another_split():
    manifest = manifest_table(["A"] * 60 + ["B"] * 60, list(range(120)))
    one, two = (split_by_group(manifest, seed, 10, 10, 0.334) for seed in (1, 2))
    assert (one == "test").sum() == (two == "test").sum() == 20
    assert not one.equals(two)


def test_a_class_of_two_lesions_cannot_be_split():
    manifest = manifest_table(["A"] * 60 + ["B"] * 6, [*range(60), *[60] * 3, *[61] * 3])
    with pytest.raises(InputError, match=r"Class B \(6 images\) is too small"):
        split_by_group(manifest, 1, 10, 10, 0.334)


OFFICIAL = REPOSITORY.parent / "shared/isic2019/ISIC_2019_Training_GroundTruth.csv"


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official CSV of ISIC 2019 is not here")
def test_the_published_validation_pool_has_the_published_counts():
    labels = read_labels(OFFICIAL, CLASSES)
    manifest = pd.DataFrame({"image": labels.index, "label": labels.to_numpy(), "group": labels.index})
    split = draw_parts(manifest, 1, "as_published", test=50, valid=10**9)
    counts = labels[split.loc[split["part"] == "valid", "image"]].value_counts().to_dict()
    published = yaml.safe_load((REPOSITORY / "workflow/resources/thesis_numbers.yaml").read_text())["dataset_counts"]
    assert counts == {name: count for name, count in published["folder_Valid"].items() if name != "total"}


@settings(max_examples=30)
@given(st.integers(0, 99), st.integers(30, 80), st.integers(1, 5))
def test_published_test_images_are_copies_of_training_images(seed, n, test):
    manifest = manifest_table(list("ABC") * n, list(range(3 * n)))
    split = draw_parts(manifest.sample(frac=1, random_state=seed), seed, "as_published", test=test, valid=5)
    assert split.equals(split.sort_values(["image", "part"], ignore_index=True))
    parts = split.groupby("part")["image"].agg(set)
    label = manifest.set_index("image")["label"]
    # The pool is the last fifth of each of ten runs of the shuffled names, in the last run one image less.
    names = sorted(manifest["image"])
    random.Random(1234).shuffle(names)
    run, pool = len(names) // 10, set()
    for number in range(10):
        stop = (number + 1) * run if number < 9 else len(names)
        pool |= set(names[stop - run // 5 + (number == 9) : stop])
    first = label[sorted(pool)].groupby(label[sorted(pool)]).head(5)
    assert parts["valid"] == set(first.index) and parts.get("unused", set()) == pool - parts["valid"]
    assert parts["train"] == set(label.index) - pool
    assert parts["test"] == set(label.drop(list(pool)).groupby(label).head(test).index)


@settings(max_examples=40)
@given(archives(), st.integers(0, 5))
def test_an_unseen_archive_is_unseen(manifest, seed):
    sizes = {"test": 3, "valid": 3, "keep_for_training": 0.3}
    held_out = manifest["group"].isin(manifest.loc[manifest["archive"] == "Y", "group"])
    try:
        split = draw_parts(manifest, seed, "by_archive", archive="Y", **sizes)
    except InputError as error:
        assert "too small for this split" in str(error)
        reject()
    table = split.merge(manifest, on="image", validate="one_to_one")
    assert len(table) == len(manifest)
    part = table.set_index("image")["part"]
    assert set(table.loc[table["part"] == "test", "archive"]) == {"Y"}
    tested = table[table["part"] == "test"].groupby("label").size()
    assert tested.to_dict() == manifest[manifest["archive"] == "Y"].groupby("label").size().clip(upper=3).to_dict()
    assert not set(part[part.isin(["train", "valid"])].index) & set(manifest.loc[held_out, "image"])
    # As many images train as if the archive were not there, and as many of the others were tested.
    others = split_by_group(manifest[~held_out], seed, **sizes)
    for name in ("train", "valid"):
        assert set(part[part == name].index) == set(others[others == name].index)
    shuffled = draw_parts(manifest.sample(frac=1, random_state=1), seed, "by_archive", archive="Y", **sizes)
    assert shuffled.equals(split)


def test_images_of_an_archive_are_drawn_by_the_seed():
    manifest = manifest_table(list("AB") * 100, list(range(200))).assign(archive=["X"] * 100 + ["Y"] * 100)
    settings = {"archive": "Y", "test": 5, "valid": 5}
    tested = {
        tuple(draw_parts(manifest, seed, "by_archive", **settings).query("part == 'test'").image) for seed in (1, 2)
    }
    assert len(tested) == 2


def test_an_archive_that_is_not_there():
    manifest = manifest_table(list("AB") * 30, list(range(60))).assign(archive="HAM")
    with pytest.raises(InputError, match="No image is of archive 'BCN'"):
        draw_parts(manifest, 1, "by_archive", archive="BCN", test=3, valid=3, keep_for_training=0.3)


@pytest.mark.workflow
@settings(max_examples=40)
@given(archives(), st.integers(0, 5), st.sets(st.sampled_from(list(RUNGS)), min_size=1), st.sampled_from([3, 20]))
def test_rungs_differ_in_what_leaks_only(manifest, seed, rungs, test):
    sizes = {"test": test, "valid": 5, "keep_for_training": 0.334}
    try:
        base = split_by_group(manifest, seed, **sizes)
        splits = {rung: as_table(split_rung(manifest, seed, rung, sorted(rungs), "Y", **sizes)) for rung in rungs}
    except InputError as error:
        assert "too small for this split" in str(error) or "without a training image" in str(error)
        reject()
    known = manifest.set_index("image")
    counts = []
    for rung, split in splits.items():
        parts = {part: set(rows["image"]) for part, rows in split.groupby("part")}
        assert set().union(*parts.values()) == set(known.index)
        assert not parts.get("unused", set()) & set().union(*(parts[name] for name in parts if name != "unused"))
        assert parts["clean"] == set(base.index[base == "test"])
        valid = set(base.index[base == "valid"])
        if rung == "unseen_archive":
            valid &= set(known.index[known["archive"] == "X"])
        assert parts.get("valid", set()) == valid
        lesions = {part: set(known.loc[list(images), "group"]) for part, images in parts.items()}
        assert not lesions["clean"] & lesions["train"] and not lesions.get("valid", set()) & lesions["train"]
        counts.append(known.loc[sorted(parts["train"]), "label"].value_counts().to_dict())
        tested = parts.get("test", set())
        tests = known.loc[sorted(tested), "label"].value_counts()
        assert (tests <= test).all()
        if rung == "as_published":
            train = known.loc[sorted(parts["train"]), "label"]
            assert tested == set(train.groupby(train).head(test).index)
        else:
            assert not tested & parts["train"]
        if rung == "random_split":  # at most a third of what could train
            third = known.loc[base.index[base == "train"], "label"].value_counts() // 3
            assert tests.to_dict() == third.clip(upper=test)[lambda count: count > 0].to_dict()
            assert tested <= set(base.index[base == "train"])
        if rung == "corrected":
            assert tested == parts["clean"]
        if rung not in LEAKY:
            assert not lesions.get("test", set()) & lesions["train"]
        if rung == "unseen_archive":
            assert set(known.loc[list(tested), "archive"]) <= {"Y"} and not tested & set(base.index[base == "valid"])
            there = set(known.index[known["archive"] == "Y"]) - set(base.index[base == "valid"])
            expected = known.loc[sorted(there), "label"].value_counts().clip(upper=test)
            assert tests.to_dict() == expected.to_dict()
            assert set(known.loc[list(parts["train"] | parts.get("valid", set())), "archive"]) <= {"X"}
        again = split_rung(manifest.sample(frac=1, random_state=1), seed, rung, sorted(rungs), "Y", **sizes)
        assert as_table(again).equals(split)
    assert all(count == counts[0] for count in counts)
    same = [splits[rung][splits[rung]["part"].isin(["train", "valid"])] for rung in SAME_TRAINING if rung in rungs]
    assert all(each.reset_index(drop=True).equals(same[0].reset_index(drop=True)) for each in same)


def test_a_rung_takes_no_models_trained_on_another_list():
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "train", "valid"]})
    training = pd.DataFrame({"label": ["A", "A"], "image": ["a", "b"], "neighbour": None, "weight": np.nan})
    check_same_training("training.csv", (split, training), (split.assign(part=split["part"]), training.copy()))
    others = [
        (split.assign(part=["train", "train", "unused"]), training),  # other validation images
        (split, training.iloc[:1]),
        (split, training.iloc[::-1].reset_index(drop=True)),  # batches of other images
        (split, training.assign(neighbour=["b", None], weight=[0.5, np.nan])),
    ]
    for other in others:
        with pytest.raises(InputError, match=r"^training.csv or the validation images of its rung are not those"):
            check_same_training("training.csv", (split, training), other)


def test_rungs_train_on_the_same_images_and_leak_as_their_names_say():
    manifest = manifest_table(list("AB") * 90, [number // 6 * 2 + number % 2 for number in range(180)])
    rungs = ["as_published", "random_split", "corrected"]
    trained = {}
    for rung in rungs:
        split = as_table(split_rung(manifest, 1, rung, rungs, "", test=9, valid=9)).merge(manifest, on="image")
        parts = {name: set(rows["image"]) for name, rows in split.groupby("part")}
        lesions = {name: set(rows["group"]) for name, rows in split.groupby("part")}
        trained[rung] = parts["train"]
        assert bool(lesions["test"] & lesions["train"]) is (rung in LEAKY)
    assert len(trained["random_split"]) > 100
    assert trained["random_split"] == trained["as_published"] == trained["corrected"]
    # Alone, a rung may train on more images.
    alone = split_rung(manifest, 1, "corrected", ["corrected"], "", test=9, valid=9)
    assert trained["corrected"] < set(alone.index[alone == "train"])
    other = split_rung(manifest, 2, "corrected", rungs, "", test=9, valid=9)
    assert trained["corrected"] != set(other.index[other == "train"])


def test_a_ladder_that_leaves_a_class_without_training_says_so():
    manifest = manifest_table(list("AB") * 30, list(range(60))).assign(archive=["Y", "X"] * 30)
    with pytest.raises(InputError, match="The ladder leaves class A without a training image"):
        split_rung(manifest, 1, "corrected", ["corrected", "unseen_archive"], "Y", test=3, valid=3)
    with pytest.raises(InputError, match="No image is of archive 'Z'"):
        split_rung(manifest, 1, "corrected", ["corrected", "unseen_archive"], "Z", test=3, valid=3)
    split_rung(manifest, 1, "corrected", ["corrected"], "Z", test=3, valid=3)  # nothing asks for the archive


@settings(max_examples=40, deadline=None)
@given(manifests(lesions=6), st.integers(2, 5), st.integers(0, 3), st.integers(1, 12))
def test_each_group_is_tested_exactly_once_per_partition(manifest, folds, partition, valid):
    seeds = range(partition * folds + 1, partition * folds + folds + 1)
    try:
        parts = pd.DataFrame({seed: split_by_fold(manifest, seed, folds, valid) for seed in seeds})
    except InputError as error:
        assert "too small for this split" in str(error) or "fewer than the" in str(error)
        reject()
    tested = parts == "test"
    assert (tested.sum(axis=1) == 1).all() and set(parts.index) == set(manifest["image"])
    table = manifest.set_index("image")
    for seed in seeds:
        used = table.assign(part=parts[seed])[parts[seed] != "unused"]
        assert used.groupby("group")["part"].nunique().max() == 1
        assert (pd.crosstab(used["label"], used["part"])[list(PARTS)] > 0).all(axis=None)
        assert (used[used["part"] == "valid"]["label"].value_counts() <= valid).all()
    shuffled = manifest.sample(frac=1, random_state=partition)
    assert split_by_fold(shuffled, seeds[-1], folds, valid).equals(parts[seeds[-1]].rename("part"))


def test_folds_are_stratified_and_partitions_differ():
    labels = [label for label, count in (("A", 300), ("B", 60), ("C", 25)) for _ in range(count)]
    manifest = manifest_table(labels, [number // 2 if number < 300 else number for number in range(len(labels))])
    label = manifest.set_index("image")["label"]
    tested = [set((part := split_by_fold(manifest, seed, 5, 3))[part == "test"].index) for seed in range(1, 11)]
    for images in tested:
        counts = label[list(images)].value_counts()
        assert abs(counts["A"] - 60) <= 2 and counts["B"] == 12 and counts["C"] == 5
    assert set(map(frozenset, tested[:5])).isdisjoint(map(frozenset, tested[5:]))


def test_a_class_with_fewer_groups_than_folds_is_refused():
    manifest = manifest_table(["A"] * 40 + ["B"] * 8, [*range(40), *[40, 40, 41, 41, 42, 42, 43, 43]])
    with pytest.raises(InputError, match="Class B has images of 4 lesions, fewer than the 5 folds"):
        split_by_fold(manifest, 1, 5, 2)
