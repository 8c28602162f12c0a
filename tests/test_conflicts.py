"""Images that are one lesion or one picture under several classes."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lesionflow.data.conflicts import COLUMNS, evidence, find_conflicts, left_out
from lesionflow.data.decoding import decode
from lesionflow.data.manifest import make_manifest
from lesionflow.files import InputError

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


def conflicts(**changes) -> pd.DataFrame:
    """What is found among images a to f of classes A, B and one that is ignored; only `changes` are in common."""
    images = list("abcdef")
    described = pd.DataFrame({"image": images, "label": list("AABBBU"), "lesion": None}, dtype="string")
    duplicates = pd.DataFrame(dict.fromkeys(("image", "file", "pixels", "near_duplicate"), images))
    for column, values in changes.items():
        (described if column == "lesion" else duplicates)[column] = list(values)
    return find_conflicts(described, duplicates, ["A", "B"], lambda names: PICTURES[[images.index(n) for n in names]])


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
    described[["lesion", "patient", "archive", "age", "sex", "site", "skin_tone"]] = None
    packed = pd.DataFrame({"image": images, "row": range(4), "width": 6, "height": 4, "status": "ok"})
    manifest, rejected = make_manifest(
        described, {"000": packed}, ["A", "B"], "reject", left_out={"a": "why", "b": "so"}
    )
    assert manifest["image"].tolist() == ["c", "d"]
    assert rejected.to_numpy().tolist() == [["a", "why"], ["b", "so"]]


def test_the_report_says_how_much_is_known():
    manifest = pd.DataFrame({"image": list("abc"), "lesion": ["L", None, "L"], "patient": [None, None, "P"]})
    assert evidence(manifest, conflicts()).startswith("Lesion known for 2 of 3 images, patient for 1; 0 conflicts: ")
    found = conflicts(file="abbdef", near_duplicate="abbbef")
    assert "; 2 conflicts: " in evidence(manifest, found) and "(1 by file, 1 by near duplicate; conf" in evidence(
        manifest, found
    )


def saved_anew(pixels: np.ndarray, quality: int, size: int) -> np.ndarray:
    """A photograph's packed pixels after it was saved as a JPEG of `size` pixels a side."""
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS).save(stream, "JPEG", quality=quality)
    return decode(stream.getvalue(), len(pixels))[0]


@pytest.mark.parametrize(("quality", "size"), [(40, 96), (75, 48), (95, 96)])
def test_a_picture_saved_anew_under_another_class_stops_the_run(monkeypatch, quality, size):
    picture, other = (grown(seed) for seed in (1, 2))
    pictures = np.stack([other, picture, saved_anew(np.rot90(picture).copy(), quality, size), other, other, other])
    monkeypatch.setitem(globals(), "PICTURES", pictures)
    found = conflicts(near_duplicate="abbdef")
    assert found["kind"].tolist() == ["copy", "copy"]
    with pytest.raises(InputError, match=r"the first is picture b \(b A, c B\)"):
        left_out(found, "fail", "conflicts.csv")


def grown(seed: int) -> np.ndarray:
    """A picture of large forms, as photographs have them, uint8 [96, 96, 3]."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC))
