"""Images that are one lesion or one picture under several classes."""

import pandas as pd
import pytest

from lesionflow.conflicts import COLUMNS, evidence, find_conflicts, left_out
from lesionflow.files import InputError
from lesionflow.manifest import make_manifest


def conflicts(**changes) -> pd.DataFrame:
    """What is found among images a to f of classes A, B and one that is ignored; only `changes` are in common."""
    images = list("abcdef")
    described = pd.DataFrame({"image": images, "label": list("AABBBU"), "lesion": None}, dtype="string")
    duplicates = pd.DataFrame(dict.fromkeys(("image", "file", "pixels", "near_duplicate"), images))
    for column, values in changes.items():
        (described if column == "lesion" else duplicates)[column] = list(values)
    return find_conflicts(described, duplicates, ["A", "B"])


@pytest.mark.parametrize("kind", ["lesion", "file", "pixels", "near_duplicate"])
def test_each_kind_of_conflict_is_listed(kind):
    assert conflicts().empty and list(conflicts()) == COLUMNS
    assert conflicts(**{kind: "aacccf"}).empty and conflicts(**{kind: "abcdee"}).empty
    found = conflicts(**{kind: "abbdef"})
    assert found.to_numpy().tolist() == [[kind, "b", "b", "A"], [kind, "b", "c", "B"]]


def test_a_set_is_listed_once_under_its_strictest_kind():
    same = {"file": "abbdef", "pixels": "abbdef", "near_duplicate": "abbbef"}
    assert conflicts(**same)[["kind", "image"]].agg("".join, axis=1).tolist() == [
        "fileb", "filec", "near_duplicateb", "near_duplicatec", "near_duplicated",
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [("lesion", "lesion b"), ("file", "file b"), ("pixels", "picture b")])
def test_conflicts_stop_the_run_by_default(kind, name):
    found = conflicts(**{kind: "abbdef"})
    with pytest.raises(InputError, match=rf"the first is {name} \(b A, c B\); conflicts.csv .*on_conflict: drop"):
        left_out(found, "fail", "conflicts.csv")
    assert left_out(found, "keep", "conflicts.csv") == {} == left_out(conflicts(), "fail", "conflicts.csv")
    assert left_out(found, "drop", "conflicts.csv") == dict.fromkeys("bc", f"{name} has classes A and B")


def test_a_near_duplicate_does_not_stop_the_run():
    """Of tens of thousands of images some round dark ones look alike."""
    found = conflicts(near_duplicate="abbdef")
    assert left_out(found, "fail", "conflicts.csv") == {}
    assert set(left_out(found, "drop", "conflicts.csv")) == {"b", "c"}


def test_dropped_images_are_rejected_with_their_reason():
    images = list("abcd")
    described = pd.DataFrame({"image": images, "label": list("ABAB")})
    described[["lesion", "archive", "age", "sex", "site"]] = None
    packed = pd.DataFrame({"image": images, "row": range(4), "width": 6, "height": 4, "status": "ok"})
    manifest, rejected = make_manifest(
        described, {"000": packed}, ["A", "B"], "reject", left_out={"a": "why", "b": "so"}
    )
    assert manifest["image"].tolist() == ["c", "d"]
    assert rejected.to_numpy().tolist() == [["a", "why"], ["b", "so"]]


def test_the_report_says_how_much_is_known():
    manifest = pd.DataFrame({"image": list("abc"), "lesion": ["L", None, "L"]})
    assert evidence(manifest, conflicts()).startswith("Lesion known of 2 of 3 images; 0 conflicts: ")
    found = conflicts(file="abbdef", near_duplicate="abbbef")
    assert "; 2 conflicts: " in evidence(manifest, found) and "(1 by file, 1 by near duplicate; conf" in evidence(
        manifest, found
    )
