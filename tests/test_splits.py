"""Properties of a split, for any manifest."""

import pandas as pd
import pytest
from conftest import manifest_table
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.files import InputError
from lesionflow.splits import PARTS, split_by_group


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
    table = manifest.assign(part=part)
    used = table[table["part"] != "unused"]
    assert used.groupby("group")["part"].nunique().max() == 1
    counts = pd.crosstab(table["label"], table["part"]).reindex(columns=list(PARTS), fill_value=0)
    assert (counts > 0).all(axis=None)
    assert (counts["test"] <= test).all() and (counts["valid"] <= valid).all()
    whole = table.groupby("group")["label"].nunique().max() == 1
    if whole:  # a group of two classes may take more from the commoner one
        assert (counts["train"] >= counts.sum(axis=1) * 0.334 - 1e-9).all()
    shuffled = manifest.sample(frac=1, random_state=seed)
    again = split_by_group(shuffled, seed, test, valid, 0.334)
    assert again.reindex(part.index).equals(part)


def test_another_seed_is_another_split():
    manifest = manifest_table(["A"] * 60 + ["B"] * 60, list(range(120)))
    one, two = (split_by_group(manifest, seed, 10, 10, 0.334) for seed in (1, 2))
    assert (one == "test").sum() == (two == "test").sum() == 20
    assert not one.equals(two)


def test_a_class_of_two_lesions_cannot_be_split():
    manifest = manifest_table(["A"] * 60 + ["B"] * 6, [*range(60), *[60] * 3, *[61] * 3])
    with pytest.raises(InputError, match=r"Class B \(6 images\) is too small"):
        split_by_group(manifest, 1, 10, 10, 0.334)
