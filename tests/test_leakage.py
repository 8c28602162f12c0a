"""Duplicates and leakage against definitions by brute force."""

import io

import numpy as np
import pandas as pd
import pytest
from helpers import jpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.data.duplicates import component_labels, find_duplicates, near_pairs, pairs_with_equal_value
from lesionflow.data.images import grey_thumbnail, perceptual_hashes
from lesionflow.files import InputError
from lesionflow.report.captions_and_labels import read_figure
from lesionflow.report.figures.leakage import leakage_by_class
from lesionflow.splits.audit import KINDS, audit, check_duplicates, check_training, raise_if_leaky, table
from lesionflow.splits.methods import check_split


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


@given(st.lists(st.one_of(st.none(), st.integers(0, 4))))
def test_equal_values_are_joined(values):
    images = pd.Series([f"i{n:03d}" for n in range(len(values))], dtype=str)
    sets = component_labels(images, pairs_with_equal_value(pd.Series(values, dtype=object)))
    for a, one in enumerate(values):
        for b, other in enumerate(values):
            assert (sets[a] == sets[b]) == (a == b or (one is not None and one == other))


def drawn(seed: int) -> np.ndarray:
    """A smooth random picture of 40 × 40 pixels."""
    return np.asarray(Image.open(io.BytesIO(jpeg(np.random.default_rng(seed), 40, 40))))


def duplicates(pictures: dict[str, np.ndarray], **changes) -> pd.DataFrame:
    """What is found in `pictures`, which are packed images by name."""
    packed = pd.DataFrame({"image": list(pictures), "sha256": list(pictures)})
    packed["pixels"] = [picture.tobytes() for picture in pictures.values()]
    hashes = perceptual_hashes(np.stack([grey_thumbnail(picture) for picture in pictures.values()]))
    packed["phash"] = [f"{phash:016x}" for phash in hashes]
    for column, values in changes.items():
        packed[column] = values
    shuffled = packed.sample(frac=1, random_state=0)
    found = find_duplicates(shuffled, lambda images: np.stack([pictures[image] for image in images]), 4, 0.9)
    return found.set_index("image")


def test_duplicates_of_each_kind():
    one, other = drawn(0), drawn(1)
    turned = np.ascontiguousarray(np.rot90(one[:, ::-1]))
    pictures = {"a": one, "b": one, "c": one, "d": turned, "e": other, "e_downsampled": drawn(2)}
    table = duplicates(pictures, sha256=["1", "1", "2", "3", "4", "5"])  # b is the same file as a
    single = {name: name for name in pictures}
    assert table["file"].to_dict() == single | {"b": "a"}
    assert table["pixels"].to_dict() == single | {"b": "a", "c": "a"}
    assert table["near_duplicate"].to_dict() == {**dict.fromkeys("abcd", "a"), "e": "e", "e_downsampled": "e"}


def test_a_hash_alone_makes_no_duplicate():
    """Two different pictures with hashes two bits apart, as round dark lesions have."""
    table = duplicates({"a": drawn(0), "b": drawn(1)}, phash=["0" * 16, "0" * 15 + "3"])
    assert table["near_duplicate"].tolist() == ["a", "b"]


NUMBERS = st.integers(0, 6)
ROWS = st.lists(
    st.tuples(st.sampled_from("AB"), NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["train", "valid", "test"]))
)
COUNTED = {1: "lesion", 2: "pixels", 3: "patient"}


def audited(rows: list[tuple]) -> dict:
    """The audit of images i0, i1, … with class, lesion, pixels and patient (0: not known) and part."""
    known = pd.DataFrame({"image": [f"i{n}" for n in range(len(rows))], "label": [row[0] for row in rows]})
    for place, kind in COUNTED.items():
        known[kind] = pd.Series([f"{row[place]}" if row[place] else None for row in rows], dtype="string")
    return audit(known, pd.DataFrame({"image": known["image"], "part": [row[4] for row in rows]}))


@settings(deadline=None)
@given(ROWS)
def test_counts_equal_a_count_by_hand(rows):
    result = audited(rows)
    assert result["images_audited"] == len(rows)
    assert result["known"] == {COUNTED[place]: sum(row[place] > 0 for row in rows) for place in (1, 3)}
    for part in ("test", "valid"):
        for name, counts in {"AB": result[part], **result[part]["by_class"]}.items():
            members = [row for row in rows if row[4] == part and row[0] in name]
            crossing = [[row[k] in {r[k] for r in rows if r[4] == "train"} - {0} for k in COUNTED] for row in members]
            assert counts["images"] == len(members)
            expected = dict.fromkeys(KINDS)
            for place, kind in COUNTED.items():
                if any(row[place] for row in members) and any(row[place] for row in rows if row[4] == "train"):
                    expected[kind] = sum(shared[place - 1] for shared in crossing)
            assert counts["sharing"] == expected
            assert counts["images_sharing"] == sum(any(shared) for shared in crossing)
    assert result["leaky"] == any(result[part]["images_sharing"] for part in ("test", "valid"))


@settings(deadline=None)
@given(ROWS, st.data())
def test_hiding_lesions_finds_no_more_leakage(rows, data):
    hidden = [(row[0], row[1] * data.draw(st.booleans()), *row[2:]) for row in rows]
    more, less = audited(rows), audited(hidden)
    assert less["known"]["lesion"] == sum(row[1] > 0 for row in hidden)
    for part in ("test", "valid"):
        known = [any(row[1] for row in hidden if row[4] == one) for one in (part, "train")]
        assert (less[part]["sharing"]["lesion"] is None) is not all(known)
        assert (less[part]["sharing"]["lesion"] or 0) <= (more[part]["sharing"]["lesion"] or 0)
        assert less[part]["images_sharing"] <= more[part]["images_sharing"]


def test_what_is_not_known_is_not_called_zero(tmp_path):
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": None, "file": list("xyz")})
    result = audit(known, pd.DataFrame({"image": list("abc"), "part": ["train", "test", "valid"]}))
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"file": 0}
    assert result["valid"]["by_class"]["A"]["sharing"]["lesion"] is None
    assert set(table(result)["lesion"]) == {"unknown"} and set(table(result)["file"]) == {0}
    leakage_by_class(tmp_path / "leakage.svg", result, {"audit": "mine"}, leaky=False)
    assert "Lesion known for 0 of 3 images, patient for none." in read_figure(tmp_path / "leakage.svg")["description"]


@pytest.mark.parametrize(
    ("lesion", "expected"),
    [
        (["L1", None, None, None, None], (None, None, None)),  # known of training only
        ([None, None, "L1", "L2", None], (None, None, None)),  # of test only
        (["L1", None, "L1", None, None], (1, 1, None)),  # of no test image of class B
        (["L1", None, "L2", None, None], (0, 0, None)),
        ([None, "L1", "L2", "L1", None], (1, 0, 1)),
    ],
)
def test_what_is_known_elsewhere_is_not_called_zero_here(lesion, expected):
    known = pd.DataFrame({"image": list("abcde"), "label": list("ABABA"), "lesion": lesion, "file": list("vwxyz")})
    result = audit(known, pd.DataFrame({"image": list("abcde"), "part": ["train", "train", "test", "test", "valid"]}))
    test = result["test"]
    counts = (test, test["by_class"]["A"], test["by_class"]["B"])
    assert tuple(count["sharing"]["lesion"] for count in counts) == expected
    assert test["images_sharing"] == (expected[0] or 0) and result["valid"]["sharing"]["lesion"] is None
    rows = table(result).query("part == 'test'")
    assert tuple(rows["lesion"]) == tuple("unknown" if count is None else count for count in expected)


def test_copied_images_and_parents():
    known = pd.DataFrame({"image": list("abcd"), "label": "A"})
    split = pd.DataFrame({"image": list("aabcd"), "part": ["train", "test", "train", "test", "valid"]})
    result = audit(known, split, parents=pd.Series(["d"]))
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"file": 1, "smote_parent": 0}
    assert result["valid"]["sharing"]["smote_parent"] == 1
    assert result["leaky"]


def test_a_crossing_is_refused_and_named():
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": ["L1", "L1", "L2"]})
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "test", "valid"]})
    with pytest.raises(InputError, match=r"1 of 1 test images share lesion with training \(b\).*leaky: true"):
        raise_if_leaky(known, split)
    raise_if_leaky(known, split.replace("test", "unused"))


def test_an_image_that_shares_in_two_ways_counts_once():
    known = pd.DataFrame({"image": list("abcd"), "label": list("AABB"), "lesion": list("LLMN"), "pixels": list("pppq")})
    split = pd.DataFrame({"image": list("abcd"), "part": ["train", "test", "test", "test"]})
    result = audit(known, split)
    assert result["test"]["images_sharing"] == 2
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"lesion": 1, "pixels": 2}
    columns = ["part", "class", "images", "images_sharing", "lesion", "pixels", "file"]
    assert table(result)[columns].to_numpy().tolist() == [
        ["test", "all", 3, 2, 1, 2, "unknown"],
        ["test", "A", 1, 1, 1, 1, "unknown"],
        ["test", "B", 2, 1, 0, 1, "unknown"],
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"2 of 3 test images share pixels and lesion with training \(b, c\)"):
        raise_if_leaky(known, split)


def test_patients_that_cross_stop_a_split_by_lesion():
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": list("LMN"), "patient": list("PPQ")})
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "test", "valid"]})
    with pytest.raises(InputError, match=r"1 of 1 test images share patient with training \(b\)"):
        raise_if_leaky(known, split)
    raise_if_leaky(known, split.replace({"test": "valid", "valid": "test"}), leaky=True)
    with pytest.raises(InputError, match="valid images share patient"):
        raise_if_leaky(known, split.replace({"test": "valid", "valid": "test"}))


@pytest.mark.parametrize(("crossing", "named"), [(5, r"\(b0, b1, b2, b3, b4\)"), (6, r"\(b0, b1, b2, b3, b4, …\)")])
def test_five_crossing_images_are_named(crossing, named):
    images = ["a", *(f"b{number}" for number in range(crossing))]
    known = pd.DataFrame({"image": images, "label": "A", "lesion": "L"})
    with pytest.raises(InputError, match=named):
        raise_if_leaky(known, pd.DataFrame({"image": images, "part": ["train", *["test"] * crossing]}))


def test_clean_images_are_clean_even_where_the_protocol_leaks():
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": ["L1", "L1", "L1"]})
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "test", "clean"]})
    with pytest.raises(InputError, match=r"1 of 1 clean images share lesion with training \(c\)"):
        raise_if_leaky(known, split, leaky=True)
    raise_if_leaky(known, split.iloc[:2], leaky=True)
    assert audit(known, split)["clean"]["images_sharing"] == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "A", None), ("c", "A", None)], r"lists 1 images \(c\) that the split does not assign to training"),
        (
            [("a", "A", None), ("gone", "A", None)],
            r"lists 1 images \(gone\) that the split does not assign to training",
        ),
        ([("a", "A", "c")], r"lists 1 images \(c\) that the split does not assign to training"),
        ([("a", "B", None), ("b", "B", None)], r"gives 1 images \(a\) another class"),
        ([("a", "A", "b")], r"gives 1 images \(b\) another class"),
    ],
)
def test_a_training_list_that_is_not_of_its_split_is_refused(rows, message):
    split = pd.DataFrame({"image": list("aabcd"), "part": ["train", "test", "train", "test", "unused"]})
    label = pd.Series(list("ABAA"), index=list("abcd"))
    columns = ["image", "label", "neighbour"]
    good = pd.DataFrame([("a", "A", None), ("a", "A", "a"), ("b", "B", None)], columns=columns).assign(weight=0.5)
    check_training("training.csv", good, split, label)
    with pytest.raises(InputError, match=rf"training.csv .*{message}.*delete training.csv"):
        check_training("training.csv", pd.DataFrame(rows, columns=columns).assign(weight=0.5), split, label)
    for weight in (-0.1, 40, np.nan):
        with pytest.raises(InputError, match=r"gives 1 images \(a\) a weight outside 0 to 1"):
            check_training("training.csv", good.assign(weight=weight), split, label)
    with pytest.raises(InputError, match="has no image of class B, which the split has in training"):
        check_training("training.csv", good[:2], split, label)


@pytest.mark.parametrize(
    "split", [[("a", "train")], [("a", "train"), ("b", "te")], [("a", "train"), ("b", "test"), ("c", "test")]]
)
def test_a_damaged_split_is_refused(split):
    check_split("split.csv", pd.DataFrame({"image": list("aab"), "part": ["train", "test", "unused"]}), ["a", "b"])
    with pytest.raises(InputError, match=r"^split.csv is damaged \(.*delete it"):
        check_split("split.csv", pd.DataFrame(split, columns=["image", "part"]), ["a", "b"])


def test_damaged_duplicates_are_refused():
    duplicates = pd.DataFrame({"image": ["a", "b"], "file": ["a", "b"], "pixels": ["a", None]})
    check_duplicates("duplicates.csv", duplicates, pd.Series(["a"]))
    with pytest.raises(InputError, match=r"^duplicates.csv is damaged \(2 images \(b, c\) are not in it\)"):
        check_duplicates("duplicates.csv", duplicates, pd.Series(["a", "b", "c"]))
