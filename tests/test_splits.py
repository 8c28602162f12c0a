"""Properties of a split, for any manifest."""

import pandas as pd
import pytest
import yaml
from conftest import CLASSES, REPOSITORY, manifest_table
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.files import InputError
from lesionflow.manifest import read_labels
from lesionflow.rungs import RUNGS, split_rung
from lesionflow.splits import PARTS, as_table, draw_parts, split_by_group


@st.composite
def manifests(draw) -> pd.DataFrame:
    """Two to four classes, lesions of one to six images, now and then a group that joins two classes."""
    labels, groups = [], []
    for label in "ABCD"[: draw(st.integers(2, 4))]:
        for _ in range(draw(st.integers(3, 25))):
            size = draw(st.integers(1, 6))
            joins = groups and draw(st.integers(0, 30)) == 0
            group = groups[-1] if joins else len(labels)
            labels += [label] * size
            groups += [group] * size
    return manifest_table(labels, groups)


@settings(deadline=None, max_examples=60)
@given(manifests(), st.integers(0, 5), st.integers(1, 12), st.integers(1, 12))
def test_split_properties(manifest, seed, test, valid):
    try:
        part = split_by_group(manifest, seed, test, valid, 0.334)
    except InputError as error:
        assert "too small for this split" in str(error)
        return
    table = manifest.assign(part=part[manifest["image"]].to_numpy())
    used = table[table["part"] != "unused"]
    assert used.groupby("group")["part"].nunique().max() == 1
    counts = pd.crosstab(table["label"], table["part"]).reindex(columns=list(PARTS), fill_value=0)
    assert (counts > 0).all(axis=None)
    assert (counts["test"] <= test).all() and (counts["valid"] <= valid).all()
    whole = table.groupby("group")["label"].nunique().max() == 1
    if whole:  # a group of two classes may take more from the commoner one
        assert (counts["train"] >= counts.sum(axis=1) * 0.334 - 1e-9).all()
    shuffled = manifest.sample(frac=1, random_state=seed)
    assert split_by_group(shuffled, seed, test, valid, 0.334).equals(part)


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
    published = yaml.safe_load((REPOSITORY / "workflow/resources/published.yaml").read_text())["dataset_counts"]
    assert counts == {name: count for name, count in published["folder_Valid"].items() if name != "total"}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 99), st.integers(30, 80), st.integers(1, 5))
def test_published_test_images_are_copies_of_training_images(seed, n, test):
    manifest = manifest_table(list("ABC") * n, list(range(3 * n)))
    split = draw_parts(manifest.sample(frac=1, random_state=seed), seed, "as_published", test=test, valid=5)
    parts = split.groupby("part")["image"].agg(set)
    assert parts["test"] <= parts["train"] and len(parts["test"]) == 3 * test
    assert not parts["valid"] & parts["train"]


@settings(deadline=None, max_examples=40)
@given(manifests(), st.integers(0, 5))
def test_an_unseen_archive_is_unseen(manifest, seed):
    number = manifest["image"].str[-7:].astype(int)
    manifest["archive"] = number.map(lambda n: "XY"[n % 3 == 0])
    try:
        split = draw_parts(manifest, seed, "by_archive", archive="Y", test=3, valid=3, keep_for_training=0.3)
    except InputError:
        return
    table = split.merge(manifest, on="image")
    assert len(table) == len(manifest)
    assert set(table.loc[table["part"] == "test", "archive"]) <= {"Y"}
    assert set(table.loc[table["part"].isin(["train", "valid"]), "archive"]) <= {"X"}
    used = table[table["part"] != "unused"]
    assert used.groupby("group")["part"].nunique().max() == 1


def test_an_archive_that_is_not_there():
    manifest = manifest_table(list("AB") * 30, list(range(60))).assign(archive="HAM")
    with pytest.raises(InputError, match="No image is of archive 'BCN'"):
        draw_parts(manifest, 1, "by_archive", archive="BCN", test=3, valid=3, keep_for_training=0.3)


@settings(deadline=None, max_examples=40)
@given(manifests(), st.integers(0, 5), st.sets(st.sampled_from(list(RUNGS)), min_size=1))
def test_rungs_differ_in_what_leaks_only(manifest, seed, rungs):
    number = manifest["image"].str[-7:].astype(int)
    manifest["archive"] = number.map(lambda n: "XY"[n % 4 == 0])
    sizes = {"test": 3, "valid": 2, "keep_for_training": 0.334}
    try:
        base = split_by_group(manifest, seed, **sizes)
        splits = {rung: as_table(split_rung(manifest, seed, rung, sorted(rungs), "Y", **sizes)) for rung in rungs}
    except InputError:
        return
    known = manifest.set_index("image")
    counts = []
    for rung, split in splits.items():
        parts = {part: set(rows["image"]) for part, rows in split.groupby("part")}
        assert parts["clean"] == set(base.index[base == "test"])
        lesions = {part: set(known.loc[list(images), "group"]) for part, images in parts.items()}
        assert not lesions["clean"] & lesions["train"] and not lesions["valid"] & lesions["train"]
        counts.append(known.loc[sorted(parts["train"]), "label"].value_counts().to_dict())
        tested = parts.get("test", set())
        if rung == "as_published":
            assert tested <= parts["train"]
        else:
            assert not tested & parts["train"]
        if rung == "corrected":
            assert tested == parts["clean"]
        if rung in ("corrected", "unseen_archive"):
            assert not lesions.get("test", set()) & lesions["train"]
        if rung == "unseen_archive":
            assert set(known.loc[list(tested), "archive"]) <= {"Y"}
            assert set(known.loc[list(parts["train"] | parts.get("valid", set())), "archive"]) <= {"X"}
        again = split_rung(manifest.sample(frac=1, random_state=1), seed, rung, sorted(rungs), "Y", **sizes)
        assert as_table(again).equals(split)
    assert all(count == counts[0] for count in counts)
