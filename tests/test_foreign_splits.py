"""Audits of splits made elsewhere."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import CLASSES, REPOSITORY, jpeg, labels_table, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.config.settings import complete
from lesionflow.data.labels_and_metadata import read_labels
from lesionflow.files import InputError, read_json
from lesionflow.splits.audit import KINDS
from lesionflow.splits.foreign import audit_foreign, audit_page, read_split
from lesionflow.splits.overlap_text import lesions_known


def test_a_split_as_folders(tmp_path):
    files = (
        "train/A/a.jpg", "VAL/A/b.png", "Test/B/c.JPG", "test/readme.txt", "rest/a.jpg", "test/a.jpg", "test/d.png",
        "test/B/2/e.jpg",
    )  # fmt: skip
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")
    split, remarks = read_split(tmp_path, ["a", "b", "d", "e"])
    assert sorted(map(tuple, split.to_numpy())) == [
        ("a", "test"), ("a", "train"), ("b", "valid"), ("c", "test"), ("d", "test"), ("e", "test"),
    ]  # fmt: skip
    assert [remark[:29] for remark in remarks] == ["1 rows belong to part 'rest' ", "1 images, the first is c, are"]


def test_a_split_as_folders_with_links_and_companions(tmp_path):
    files = (
        "store/a.jpg", "split/test/._b.jpg", "split/test/b.jpg", "split/__MACOSX/test/c.jpg", "split/test/d.webp",
        "split/train/e.HEIC", "split/train/.DS_Store", "split/train/notes.txt",
    )  # fmt: skip
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")
    (tmp_path / "split/train/A").symlink_to(tmp_path / "store")
    (tmp_path / "split/test/A").symlink_to(tmp_path / "store")  # of two parts that link to it, both have its images
    (tmp_path / "split/valid").symlink_to(tmp_path / "split/test")
    split, remarks = read_split(tmp_path / "split", ["a", "b", "c"])
    assert sorted(map(tuple, split.to_numpy())) == [
        ("a", "test"), ("a", "train"), ("a", "valid"), ("b", "test"), ("b", "valid"),
    ]  # fmt: skip
    assert len(remarks) == 1 and remarks[0].startswith("3 files, the first is test/d.webp, are not audited")


def foreign(folder, labels: pd.DataFrame, metadata: pd.DataFrame | None, split: pd.DataFrame) -> dict:
    """The audit of a foreign split of three tables, by way of the CSVs that a user would have."""
    for name, rows in (("labels", labels), ("metadata", metadata), ("split", split)):
        if rows is not None:
            rows.to_csv(folder / f"{name}.csv", index=False)
    read = read_labels(folder / "labels.csv", ["A", "B"], other_classes=True)
    parts, _ = read_split(folder / "split.csv", read.index, "fold")
    return audit_foreign(read, None if metadata is None else folder / "metadata.csv", parts)


def three_tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Labels, metadata and split of 12 images, of which the two of each lesion are in training and test."""
    images = [f"ISIC_{number}" for number in range(12)]
    metadata = pd.DataFrame({"image": images, "lesion_id": [f"L{number // 2}" for number in range(12)]})
    return (
        labels_table(dict(zip(images, "AB" * 6, strict=True)), ["A", "B"]),
        metadata,
        pd.DataFrame({"image": images, "fold": ["train", "test"] * 6}),
    )


SPELLINGS = [
    str, str.upper, str.lower, "{}.jpg".format, "{}.JPEG".format, " {}\u00a0".format, "x/y/{}".format,
    "C:\\z\\{}".format, "\ufeff{} .tif".format, "'{}'".format,
]  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(SPELLINGS), min_size=12, max_size=12), min_size=3, max_size=3), st.integers(0, 99)
)
def test_no_spelling_of_names_changes_the_audit(tmp_path_factory, spellings, seed):
    folder, tables = tmp_path_factory.mktemp("foreign"), three_tables()
    result = foreign(folder, *tables)
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"lesion": 6} and result["known"]["lesion"] == 12
    for rows, written in zip(tables, spellings, strict=True):
        rows["image"] = [spell(name) for spell, name in zip(written, rows["image"], strict=True)]
    padded = [str.upper, " {}\u00a0".format, str.title]
    tables[2]["fold"] = [padded[(seed + number) % 3](part) for number, part in enumerate(tables[2]["fold"])]
    assert foreign(folder, *tables) == result


def test_a_foreign_split_says_what_it_does_not_know(tmp_path):
    labels, metadata, split = three_tables()
    result = foreign(tmp_path, labels, None, split)
    assert (
        result["known"] == {"lesion": 0, "patient": 0}
        and result["test"]["sharing"] == dict.fromkeys(KINDS)
        and not result["leaky"]
    )
    assert audit_page("mine", result, []).startswith("# Audit of mine: no leak found, lesions and patients unknown\n")
    again = pd.concat([split, pd.DataFrame({"image": ["ISIC_0.jpg"], "fold": ["test"]})])
    result = foreign(tmp_path, labels, None, again)
    assert result["test"]["sharing"]["file"] == 1 and result["leaky"] and result["valid"]["sharing"]["file"] is None
    result = foreign(tmp_path, labels.head(11), metadata, split)  # the last image has no label, but a lesion
    assert result["test"]["sharing"]["lesion"] == 6 and result["test"]["by_class"]["B"]["images"] == 5
    result = foreign(tmp_path, labels, metadata.head(3), split)
    assert result["test"]["sharing"]["lesion"] == 1 and (
        lesions_known(result) == "lesion known for 3 of 12 images, patient for none"
    )


def test_a_foreign_split_by_lesion_may_share_patients(tmp_path):
    labels, metadata, split = three_tables()
    metadata["lesion_id"] = metadata["image"]
    metadata["patient_id"] = [f"p{number // 4}" for number in range(12)]
    result = foreign(tmp_path, labels, metadata, split)
    train, test = (set(metadata["patient_id"][split["fold"] == part]) for part in ("train", "test"))
    shared = metadata["patient_id"].isin(train & test) & (split["fold"] == "test")
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"lesion": 0, "patient": shared.sum()}
    assert shared.any() and result["leaky"] and result["known"] == {"lesion": 12, "patient": 12}


def test_a_foreign_split_may_have_classes_of_its_own(tmp_path):
    labels, metadata, split = three_tables()
    labels = labels.assign(UNK=0, sex=[0, 1, 1] * 4)
    labels.loc[11, ["A", "B", "UNK"]] = [0, 0, 1]
    result = foreign(tmp_path, labels, metadata, split)
    assert (result["test"]["images"], result["test"]["sharing"]["lesion"]) == (6, 6)
    assert {name: found["images"] for name, found in result["test"]["by_class"].items()} == {"B": 5}
    labels.loc[0, "B"] = 1
    with pytest.raises(InputError, match=r"row 2 \(ISIC_0\) has 2 labels"):
        foreign(tmp_path, labels, metadata, split)


@pytest.mark.parametrize(
    ("parts", "images", "message"),
    [
        (["0", "1"], ["a", "b"], r"no image in part 'train': .* by folder; it has '0', '1'"),
        (["train", "tset"], ["a", "b"], r"no image in part 'test': .*'train', 'tset'"),
        (["train", "test"], ["x", "y"], r"No image of .* is in the labels \(its first is 'x', the labels' 'a'\)"),
        (["train", "test"], ["a", " "], "row 3 names no image"),
    ],
)
def test_a_foreign_split_that_is_refused(tmp_path, parts, images, message):
    pd.DataFrame({"image": images, "Fold ": parts}).to_csv(tmp_path / "split.csv", index=False)
    with pytest.raises(InputError, match=message):
        read_split(tmp_path / "split.csv", ["a", "b"], "fold")


def test_rows_that_are_not_audited_are_counted(tmp_path):
    (tmp_path / "s.csv").write_text("image,part\na,train\nb,Test \nb,test\nc,held out\nc,\nd,test\n")
    split, remarks = read_split(tmp_path / "s.csv", ["a", "b", "c"])
    assert split.to_numpy().tolist() == [["a", "train"], ["b", "test"], ["d", "test"]]
    starts = ["1 rows belong to part 'held out' ", "1 rows belong to part '' ", "1 images, ", "1 rows repeat an image "]
    assert len(remarks) == len(starts) and all(map(str.startswith, remarks, starts))


def test_nothing_to_audit_is_one_sentence(tmp_path):
    done = snakemake(tmp_path, "audit_split")
    assert done.returncode != 0 and "set `name`, `split` and `labels` of `audit`" in output(done)
    assert "Traceback" not in output(done)
    for given_ in ({"name": "mine"}, {"split": "x.csv", "labels": "y.csv"}, {"name": "mine", "split": "x.csv"}):
        with pytest.raises(InputError, match="audit"):
            complete(
                yaml.safe_load((REPOSITORY / "config/config.yaml").read_text()) | {"audit": given_},
                REPOSITORY / "workflow/schemas/config.schema.yaml",
            )


def older(path: Path, text: str) -> None:
    """Write a file as a copy of a backup is: its date lies before the run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for changed in (path, path.parent):
        os.utime(changed, (0, 0))


def test_a_foreign_split_that_changes_is_audited_again(tmp_path):
    images = {f"{name}{number}": name for name in CLASSES for number in range(2)}
    for name in images:
        older(tmp_path / f"split/{'test' if name[-1] == '1' else 'train'}/below/{name}.jpg", "")
    labels_table(images).to_csv(tmp_path / "labels.csv", index=False)
    older(tmp_path / "metadata.csv", "image,lesion\nMEL0,L1\nMEL1,L2\n")
    given_ = {"name": "mine", "split": "split", "labels": "labels.csv", "metadata": "metadata.csv"}
    done = snakemake(tmp_path, "audit_split", config={"audit": given_})
    assert done.returncode == 0, output(done)[-4000:]

    def again() -> bool:
        done = snakemake(tmp_path, "audit_split", "--dry-run", "--quiet", "rules", config={"audit": given_})
        assert done.returncode == 0, output(done)[-4000:]
        return "audit_foreign_split" in output(done)

    assert not again()
    older(tmp_path / "split/train/below/MEL1.jpg", "")
    assert again()
    (tmp_path / "split/train/below/MEL1.jpg").unlink()
    assert not again()
    older(tmp_path / "metadata.csv", "image,lesion\nMEL0,L1\nMEL1,L1\n")
    assert again()


def test_a_gate_for_images_without_labels(tmp_path):
    random = np.random.default_rng(1)
    (tmp_path / "images").mkdir()
    for name in "abcdef":
        (tmp_path / f"images/{name}.jpg").write_bytes(jpeg(random, 90, 70))
    (tmp_path / "images/b.jpg").write_bytes((tmp_path / "images/a.jpg").read_bytes())
    picture = Image.open(tmp_path / "images/c.jpg").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture.resize((80, 62)).save(tmp_path / "images/d.png")
    (tmp_path / "images/d.jpg").unlink()
    (tmp_path / "split.csv").write_text("image,part\na,train\nb,test\nc,train\nd,test\ne,test\nf,valid\ng,test\n")
    config = {"audit": {"name": "mine", "split": "split.csv", "images": "images"}}
    gate = ["audit_split", "--config", "fail=true"]
    done = snakemake(tmp_path, *gate, config=config)
    said = "2 of 4 test images (50.0%) share something with training: 1 by file, 1 by pixels, 2 by near duplicate."
    assert done.returncode == 1 and f"The split mine leaks: {said}" in output(done), output(done)[-4000:]
    result = read_json(tmp_path / "results/audit/mine/leakage.json")
    assert result["test"]["sharing"] == dict.fromkeys(KINDS) | {"file": 1, "pixels": 1, "near_duplicate": 2}
    page = (tmp_path / "results/audit/mine/leakage.md").read_text()
    assert (
        page in done.stdout
        and said in page
        and "1 images, the first is g, are not in `images`" in page.replace("\\", "")
    )
    (tmp_path / "split.csv").write_text("image,part\na,train\nb,train\nc,train\ne,test\nf,valid\n")
    done = snakemake(tmp_path, *gate, config=config)
    assert done.returncode == 0 and "no leak found" in done.stdout, output(done)[-4000:]
    assert not list(tmp_path.glob("resources/**/*.npy"))


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
