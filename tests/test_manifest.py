"""Labels and patient data: what is wrong is said with file, row and remedy."""

import pandas as pd
import pytest
from conftest import CLASSES, labels_table
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.files import InputError
from lesionflow.manifest import MANIFEST, check_images, describe_images, make_manifest, read_labels

LABELS = {f"ISIC_{number:07d}": label for number, label in enumerate(CLASSES)}


def write(tmp_path, table: pd.DataFrame):
    path = tmp_path / "labels.csv"
    table.to_csv(path, index=False)
    return path


def test_labels_are_read(tmp_path):
    table = labels_table(LABELS).assign(UNK=0.0, note="free text")
    assert read_labels(write(tmp_path, table), CLASSES).to_dict() == LABELS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(NV=1), r"row 2 \(ISIC_0000000\) has 2 labels"),
        (lambda t: t.assign(NV=0), r"row 3 \(ISIC_0000001\) has 0 labels"),
        (lambda t: t.replace({"NV": {1.0: 0.5}}), r"row 3 .* has 0 labels"),
        (lambda t: t.assign(UNK=[0] * 7 + [1]), r"row 9 \(ISIC_0000007\) is of class 'UNK'.*ignore_classes"),
        (lambda t: pd.concat([t, t.head(1)]), "row 10 names image ISIC_0000000 a second time"),
        (lambda t: t.drop(columns="DF"), "has no column 'DF'"),
        (lambda t: t.rename(columns={"image": "name"}), "has no column 'image'"),
        (lambda t: t[t["DF"] == 0], "no image of class DF"),
    ],
)
def test_wrong_labels_are_one_sentence(tmp_path, change, message):
    path = write(tmp_path, change(labels_table(LABELS)))
    with pytest.raises(InputError, match=message) as error:
        read_labels(path, CLASSES)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_ignored_classes_are_kept_apart(tmp_path):
    table = labels_table(LABELS | {"ISIC_0000008": "UNK"}, [*CLASSES, "UNK"])
    labels = read_labels(write(tmp_path, table), CLASSES, ["UNK"])
    assert labels["ISIC_0000008"] == "UNK"


def test_files_that_are_no_tables(tmp_path):
    path = tmp_path / "labels.csv"
    for data in (b"", b'image,"MEL\n\xff\xfe', b"\x89PNG\r\n"):
        path.write_bytes(data)
        with pytest.raises(InputError):
            read_labels(path, CLASSES)


def test_label_rows_without_image():
    labels = pd.Series(LABELS)
    with pytest.raises(InputError, match=r"^2 of 8 label rows .* ISIC_0000002.*on_missing_image: skip"):
        check_images(labels, [name for name in LABELS if name[-1] not in "25"], "fail")
    check_images(labels, [], "skip")
    check_images(labels, list(LABELS), "fail")


def packed_table(status: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"image": list(status), "row": range(len(status)), "width": 6, "height": 4, "status": list(status.values())}
    )


def test_every_image_is_in_the_manifest_or_rejected():
    described = describe_images(pd.Series(LABELS | {"u": "UNK", "gone": "NV", "bad": "NV"}, name="label"), None)
    packed = {"000": packed_table(dict.fromkeys(LABELS, "ok")), "001": packed_table({"u": "ok", "extra": "ok"})}
    packed["002"] = packed_table({"bad": "cannot be decoded: truncated"})
    manifest, rejected = make_manifest(described, packed, CLASSES, "reject")
    assert list(manifest.columns) == MANIFEST and list(manifest["image"]) == sorted(LABELS)
    assert rejected.set_index("image")["reason"].to_dict() == {
        "bad": "cannot be decoded: truncated",
        "extra": "no label row",
        "gone": "no image file",
        "u": "class UNK is ignored",
    }
    with pytest.raises(InputError, match=r"the first is bad .*on_bad_image: reject"):
        make_manifest(described, packed, CLASSES, "fail")
    with pytest.raises(InputError, match="No usable image of class MEL"):
        make_manifest(described.drop(index=described.index[described["label"] == "MEL"]), packed, CLASSES, "reject")


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=8, max_size=30))
def test_groups_are_lesions(tmp_path_factory, lesions):
    folder = tmp_path_factory.mktemp("groups")
    images = [f"i{number:02d}" for number in range(len(lesions))]
    labels = pd.Series([CLASSES[number % 8] for number in range(len(images))], index=images, name="label")
    metadata = pd.DataFrame({"image": images, "lesion_id": [None if n is None else f"HAM_{n}" for n in lesions]})
    metadata.to_csv(folder / "m.csv", index=False)
    described = describe_images(labels, folder / "m.csv", "MSK")
    manifest, _ = make_manifest(described, {"0": packed_table(dict.fromkeys(images, "ok"))}, CLASSES, "reject")
    group = manifest.set_index("image")["group"]
    for a, one in zip(images, lesions, strict=True):
        for b, other in zip(images, lesions, strict=True):
            assert (group[a] == group[b]) == (a == b or (one is not None and one == other))
    assert set(manifest["archive"]) <= {"HAM", "MSK"}
