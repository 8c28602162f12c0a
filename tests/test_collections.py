"""Labels and metadata as people have them: columns of diagnoses, folders, lesions, patients, spreadsheets."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images, read_labels, read_metadata
from lesionflow.data.layout import Layout
from lesionflow.data.manifest import groups
from lesionflow.files import InputError

TABLE = pd.DataFrame(
    {
        "foto": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
        "Diagnose": ["melanoma", "nv", " nv", "NV"],
        "Fall": ["1", "1", "2", "3"],
        "lesion": ["x"] * 4,
        "Läsion": ["1-1", "1-2", "2-1", ""],
    }
)
LAYOUT = Layout(
    image_column="foto",
    label_column="Diagnose",
    label_map={"melanoma": "MEL", "nv": "NV"},
    columns={"patient": "Fall", "lesion": "Läsion"},
)


def folder_with(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def saved(path: Path, table: pd.DataFrame, **options) -> Path:
    table.to_excel(path, index=False) if path.suffix == ".xlsx" else table.to_csv(path, index=False, **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("t.csv", {}),
        ("t.csv", {"sep": ";", "encoding": "cp1252"}),
        ("t.csv", {"sep": "\t", "encoding": "utf-16"}),
        ("t.csv", {"encoding": "latin-1"}),
        ("t.xlsx", {}),
    ],
)
def test_a_column_of_diagnoses(tmp_path, caplog, name, options):
    path = saved(tmp_path / name, TABLE, **options)
    labels = read_labels(path, ["MEL", "NV"], layout=LAYOUT)
    assert labels.to_dict() == {"a": "MEL", "b": "NV", "c": "NV", "d": "NV"}
    described = describe_images(labels, path, layout=LAYOUT).set_index("image")
    assert described["patient"].to_dict() == {"a": "1", "b": "1", "c": "2", "d": "3"}
    assert described["lesion"].dropna().to_dict() == {"a": "1-1", "b": "1-2", "c": "2-1"}
    assert set(described["archive"]) == {"unknown"}
    assert ("Windows-1252" in caplog.text) is (options.get("encoding") in ("cp1252", "latin-1"))


def test_numbers_in_a_workbook_are_read_as_shown(tmp_path):
    table = pd.DataFrame({"image": [101, 102, 103], "A": [1, 0, 0], "B": [0.0, 1.0, 1.0], "age": [50, None, 61.5]})
    path = saved(tmp_path / "t.xlsx", table)
    labels = read_labels(path, ["A", "B"])
    assert labels.to_dict() == {"101": "A", "102": "B", "103": "B"}
    assert describe_images(labels, path)["age"].fillna("").tolist() == ["50", "", "61.5"]


def test_a_damaged_workbook_is_named(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"t\.xlsx cannot be read as an Excel workbook"):
        read_labels(tmp_path / "t.xlsx", ["A"])


def test_diagnoses_that_are_no_class_are_listed(tmp_path):
    path = saved(tmp_path / "t.csv", TABLE.assign(Diagnose=["melanoma", "nv", "wart", ""]))
    with pytest.raises(InputError, match=r"column 'Diagnose' has 2 names .* ('wart' \(1\), ''|'' \(1\), 'wart')"):
        read_labels(path, ["MEL", "NV"], layout=LAYOUT)
    labels = read_labels(path, ["MEL", "NV"], ["wart", ""], layout=LAYOUT)
    assert labels.to_dict() == {"a": "MEL", "b": "NV", "c": "wart"}  # an image without label is in no row


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_column": "photo"}, "has no column 'photo'"),
        ({"label_column": "dx"}, "has no column 'dx'"),
        ({"columns": {"patient": "Fallnummer"}}, "has no column 'Fallnummer'"),
        ({"label_map": {"nv": "NV"}}, "'melanoma' \\(1\\)"),
    ],
)
def test_columns_that_are_not_there_are_named(tmp_path, changes, message):
    path, layout = saved(tmp_path / "t.csv", TABLE), Layout(**(vars(LAYOUT) | changes))
    with pytest.raises(InputError, match=message):
        describe_images(read_labels(path, ["MEL", "NV"], layout=layout), path, layout=layout)


@pytest.mark.parametrize("packed", [False, True])
def test_labels_by_folder(tmp_path, packed):
    images = folder_with(tmp_path / "i", "melanoma/a.jpg", "NV/x/b.jpg", "NV/c.png", "NV/notes.txt", "other/d.jpg")
    if packed:
        with zipfile.ZipFile(tmp_path / "i.zip", "w") as archive:
            for file in images.rglob("*.*"):
                archive.write(file, file.relative_to(images))
        images = tmp_path / "i.zip"
    layout = Layout(label_map={"melanoma": "MEL"})
    labels = collection_labels(RawImages(images), None, None, ["MEL", "NV"], ["other"], layout)
    assert labels.to_dict() == {"a": "MEL", "b": "NV", "c": "NV", "d": "other"}
    with pytest.raises(InputError, match=r"'other' \(1\).*label_map"):
        collection_labels(RawImages(images), None, None, ["MEL", "NV"], [], layout)
    with pytest.raises(InputError, match="no image of class BCC"):
        collection_labels(RawImages(images), None, None, ["MEL", "NV", "BCC"], ["other"], layout)


def test_labels_by_folder_need_folders(tmp_path):
    images = RawImages(folder_with(tmp_path, "MEL/a.jpg", "b.jpg"))
    with pytest.raises(InputError, match=r"1 images in no folder, the first is b\.jpg"):
        collection_labels(images, None, None, ["MEL"], [], Layout())


def of_lesions(folder: Path, labels: str, metadata: str) -> dict:
    images = RawImages(folder_with(folder / "images", "a.jpg", "b.jpg", "c.jpg", "d.jpg"))
    (folder / "l.csv").write_text(labels)
    (folder / "m.csv").write_text(metadata)
    layout = Layout(label_key="lesion")
    return collection_labels(images, str(folder / "l.csv"), str(folder / "m.csv"), ["MEL", "NV"], [], layout).to_dict()


def test_labels_of_lesions_are_those_of_their_images(tmp_path, caplog):
    metadata = "isic_id,lesion_id\na,L1\nb,l1\nc,L2\nd,\n"
    assert of_lesions(tmp_path, "lesion_id,MEL,NV\nL1,1,0\nL2 ,0,1\nL3,0,1\n", metadata) == {
        "a": "MEL", "b": "MEL", "c": "NV",
    }  # fmt: skip
    assert "1 of 3 lesions have no image, the first is L3" in caplog.text


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("lesion_id,MEL,NV\nX,1,0\nY,0,1\n", "No lesion of .* has an image in .* first is 'X'"),
        ("lesion_id,MEL,NV\nL1,1,0\nL1,0,1\n", "row 3 names lesion L1 a second time"),
        ("lesion_id,MEL,NV\n,1,0\nL1,0,1\n", "row 2 names no lesion"),
        ("image,MEL,NV\na,1,0\n", "no column 'lesion'"),
    ],
)
def test_labels_of_lesions_that_are_refused(tmp_path, labels, message):
    with pytest.raises(InputError, match=message):
        of_lesions(tmp_path, labels, "isic_id,lesion_id\na,L1\nb,L1\nc,L2\n")


def test_lesions_numbered_anew_for_each_patient_are_refused(tmp_path):
    (tmp_path / "m.csv").write_text("image,patient_id,lesion_id\na,p1,1\nb,p1,2\nc,p2,1\n")
    with pytest.raises(InputError, match="1 lesions to several patients, the first is lesion '1' of 'p1' and 'p2'"):
        read_metadata(tmp_path / "m.csv", list("abc"))


@pytest.mark.parametrize(("count", "of"), [(201, 400), (1001, 5000)])
def test_one_value_at_too_many_images_is_no_patient(tmp_path, count, of):
    images = [f"i{number}" for number in range(of)]
    table = pd.DataFrame({"image": images, "patient_id": ["0"] * count + images[count:]})
    with pytest.raises(InputError, match=f"gives the patient '0' to {count} of {of} images"):
        read_metadata(saved(tmp_path / "m.csv", table), images)
    table.loc[0, "patient_id"] = "other"
    assert len(read_metadata(saved(tmp_path / "m.csv", table), images)) == of


COLUMNS = ("lesion", "patient", "file")


@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.integers(0, 5))] * len(COLUMNS)), max_size=20),
    st.lists(st.sampled_from(["lesion", "patient"]), unique=True),
)
def test_groups_are_what_is_connected_by_lesion_patient_and_duplicates(rows, by):
    images = [f"i{number:02d}" for number in range(len(rows))]
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=object).assign(image=images)
    group = dict(zip(images, groups(table, by), strict=True))
    joined = [COLUMNS.index(name) for name in (*by, "file")]
    together = {image: {image} for image in images}
    for one, first in zip(images, rows, strict=True):  # by union of sets
        for other, second in zip(images, rows, strict=True):
            if any(first[k] is not None and first[k] == second[k] for k in joined):
                union = together[one] | together[other]
                for image in union:
                    together[image] = union
    assert group == {image: min(together[image]) for image in images}
