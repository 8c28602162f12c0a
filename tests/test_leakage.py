"""Duplicates and leakage against definitions by brute force."""

import io

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY, jpeg, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.duplicates import equal_pairs, find_duplicates, name_sets, near_pairs
from lesionflow.files import InputError, read_json
from lesionflow.images import grey_thumbnail, perceptual_hashes
from lesionflow.leakage import KINDS, audit, read_split, refuse_crossings, table


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
    sets = name_sets(images, equal_pairs(pd.Series(values, dtype=object)))
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


def test_a_crossing_is_refused_and_named():
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": ["L1", "L1", "L2"]})
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "test", "valid"]})
    with pytest.raises(InputError, match=r"1 of 1 test images share lesion with training \(b\).*leaky: true"):
        refuse_crossings(known, split)
    refuse_crossings(known, split.replace("test", "unused"))


def test_an_image_that_shares_in_two_ways_counts_once():
    known = pd.DataFrame({"image": list("abcd"), "label": list("AABB"), "lesion": list("LLMN"), "pixels": list("pppq")})
    split = pd.DataFrame({"image": list("abcd"), "part": ["train", "test", "test", "test"]})
    result = audit(known, split)
    assert result["test"]["images_sharing"] == 2
    assert result["test"]["sharing"] == dict.fromkeys(KINDS, 0) | {"lesion": 1, "pixels": 2}
    columns = ["part", "class", "images", "images_sharing", "lesion", "pixels", "file"]
    assert table(result)[columns].to_numpy().tolist() == [
        ["test", "all", 3, 2, 1, 2, 0],
        ["test", "A", 1, 1, 1, 1, 0],
        ["test", "B", 2, 1, 0, 1, 0],
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"2 of 3 test images share pixels and lesion with training \(b, c\)"):
        refuse_crossings(known, split)


@pytest.mark.parametrize(("crossing", "named"), [(5, r"\(b0, b1, b2, b3, b4\)"), (6, r"\(b0, b1, b2, b3, b4, …\)")])
def test_five_crossing_images_are_named(crossing, named):
    images = ["a", *(f"b{number}" for number in range(crossing))]
    known = pd.DataFrame({"image": images, "label": "A", "lesion": "L"})
    with pytest.raises(InputError, match=named):
        refuse_crossings(known, pd.DataFrame({"image": images, "part": ["train", *["test"] * crossing]}))


def test_clean_images_are_clean_even_where_the_protocol_leaks():
    known = pd.DataFrame({"image": list("abc"), "label": "A", "lesion": ["L1", "L1", "L1"]})
    split = pd.DataFrame({"image": list("abc"), "part": ["train", "test", "clean"]})
    with pytest.raises(InputError, match=r"1 of 1 clean images share lesion with training \(c\)"):
        refuse_crossings(known, split, leaky=True)
    refuse_crossings(known, split.iloc[:2], leaky=True)
    assert audit(known, split)["clean"]["images_sharing"] == 1


def test_a_split_as_folders(tmp_path):
    for file in (
        "train/A/a.jpg",
        "VAL/A/b.png",
        "test/B/c.JPG",
        "test/readme.txt",
        "test/d.png",
        "test/B/2/e.jpg",
        "x/f.png",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")
    expected = {"a": "train", "b": "valid", "c": "test", "d": "test", "e": "test"}
    assert dict(read_split(tmp_path).to_numpy().tolist()) == expected
    (tmp_path / "split.csv").write_text("image,fold\na,one\nb,two\n")
    with pytest.raises(InputError, match="no image in part 'train'"):
        read_split(tmp_path / "split.csv", "fold")
    (tmp_path / "split.csv").write_text("image,fold\na,Training\nb,val\n")
    with pytest.raises(InputError, match="no image in part 'test'"):
        read_split(tmp_path / "split.csv", "fold")


FOREIGN = REPOSITORY.parent / "shared/isic2019"


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="the official CSVs and FLamby's split are not here")
def test_the_leak_of_fed_isic2019(tmp_path):
    config = {
        "name": "flamby",
        "split": str(FOREIGN / "flamby_train_test_split.csv"),
        "part_column": "fold",
        "labels": str(FOREIGN / "ISIC_2019_Training_GroundTruth.csv"),
        "metadata": str(FOREIGN / "ISIC_2019_Training_Metadata.csv"),
    }
    done = snakemake(tmp_path, "audit_split", config={"audit": config})
    assert done.returncode == 0, output(done)[-4000:]
    result = read_json(tmp_path / "results/audit/flamby/leakage.json")
    assert result["leaky"]
    assert (result["test"]["images"], result["test"]["sharing"]["lesion"]) == (4650, 3066)
    melanoma = result["test"]["by_class"]["MEL"]
    assert (melanoma["images"], melanoma["sharing"]["lesion"]) == (853, 732)
    assert "3066" in done.stdout
