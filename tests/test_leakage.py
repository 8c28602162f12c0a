"""Duplicates and leakage against definitions by brute force."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.duplicates import equal_pairs, find_duplicates, name_sets, near_pairs, parse_hashes
from lesionflow.leakage import KINDS, audit


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(0, 6))
def test_near_pairs_are_all_pairs_within_the_distance(seed, n, distance):
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 2**63, (n, 3), dtype=np.uint64)
    for row in range(0, n - 1, 2):  # a neighbour at a random distance, in a random orientation
        bits = random.choice(64, random.integers(0, 9), replace=False)
        flip = np.uint64(sum(1 << int(bit) for bit in bits))
        hashes[row + 1, 0] = hashes[row, random.integers(3)] ^ flip
    found = {tuple(sorted(pair)) for pairs in near_pairs(hashes, distance) for pair in pairs.tolist()}
    upright = np.unique(hashes[:, 0], return_index=True)[1]
    expected = set()
    for a in upright:
        for b in upright:
            if hashes[a, 0] < hashes[b, 0] and np.bitwise_count(hashes[a] ^ hashes[b, 0]).min() <= distance:
                expected.add((min(a, b), max(a, b)))
    assert found == expected


def test_hashes_are_read():
    text = "00000000000000ff" + "0" * 15 + "1" + "f" * 96
    assert parse_hashes(pd.Series([text, text]))[:, :2].tolist() == [[255, 1]] * 2


@given(st.lists(st.one_of(st.none(), st.integers(0, 4))))
def test_equal_values_are_joined(values):
    images = pd.Series([f"i{n:03d}" for n in range(len(values))], dtype=str)
    sets = name_sets(images, equal_pairs(pd.Series(values, dtype=object)))
    for a, one in enumerate(values):
        for b, other in enumerate(values):
            assert (sets[a] == sets[b]) == (a == b or (one is not None and one == other))


def test_duplicates_of_each_kind():
    same, other = "0" * 128, "f0e1d2c3b4a59687" * 8
    packed = pd.DataFrame(
        [
            ("a", "1", "x", same),
            ("b", "1", "x", same),  # the same file
            ("c", "2", "x", same),  # other bytes, same pixels
            ("d", "3", "y", "0" * 15 + "3" + "0" * 112),  # two bits away
            ("e", "4", "z", other),
            ("e_downsampled", "5", "w", "123456789abcdef0" * 8),
        ],
        columns=["image", "sha256", "pixels", "phash"],
    )
    table = find_duplicates(packed.sample(frac=1, random_state=0), 2).set_index("image")
    assert table["file"].to_dict() == {
        "a": "a",
        "b": "a",
        "c": "c",
        "d": "d",
        "e": "e",
        "e_downsampled": "e_downsampled",
    }
    assert table["pixels"]["c"] == "a" and table["pixels"]["d"] == "d"
    assert table["near_duplicate"].to_dict() == {**dict.fromkeys("abcd", "a"), "e": "e", "e_downsampled": "e"}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 6), st.sampled_from(["train", "valid", "test"]))))
def test_counts_equal_a_count_by_hand(rows):
    known = pd.DataFrame({"image": [f"i{n}" for n in range(len(rows))], "label": [row[0] for row in rows]})
    known["lesion"] = [None if row[1] == 0 else f"L{row[1]}" for row in rows]
    split = pd.DataFrame({"image": known["image"], "part": [row[2] for row in rows]})
    result = audit(known, split)
    trained = {row[1] for row in rows if row[2] == "train"} - {0}
    for part in ("test", "valid"):
        members = [row for row in rows if row[2] == part]
        crossing = [row for row in members if row[1] in trained]
        assert result[part]["images"] == len(members)
        assert result[part]["sharing"] == {kind: len(crossing) if kind == "lesion" else 0 for kind in KINDS}
        for name, counts in result[part]["by_class"].items():
            assert counts["images"] == sum(row[0] == name for row in members)
            assert counts["sharing"]["lesion"] == sum(row[0] == name for row in crossing)
    assert result["leaky"] == any(row[1] in trained for row in rows if row[2] != "train")


def test_copied_images_and_parents():
    known = pd.DataFrame({"image": list("abcd"), "label": "A"})
    split = pd.DataFrame({"image": list("aabcd"), "part": ["train", "test", "train", "test", "valid"]})
    result = audit(known, split, parents=pd.Series(["d"]))
    assert result["test"]["sharing"]["file"] == 1 and result["valid"]["sharing"]["smote_parent"] == 1
    assert result["leaky"]
