"""Labels and patient data: what is wrong is said with file, row and remedy."""

import pandas as pd
import pytest
from helpers import CLASSES, labels_table
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.data.labels_and_metadata import describe_images, read_labels, read_metadata
from lesionflow.data.manifest import MANIFEST, check_images, make_manifest
from lesionflow.files import InputError

LABELS = {f"ISIC_{number:07d}": label for number, label in enumerate(CLASSES)}


def write(tmp_path, table: pd.DataFrame):
    path = tmp_path / "labels.csv"
    table.to_csv(path, index=False)
    return path


def test_labels_are_read(tmp_path):
    table = labels_table(LABELS).assign(UNK=0.0, note="free text", score_weight=1.0)
    assert read_labels(write(tmp_path, table), CLASSES).to_dict() == LABELS


@pytest.mark.parametrize("words", [("TRUE", "FALSE"), ("True", "False"), ("WAHR", "FALSCH"), ("VERDADERO", "FALSO")])
def test_labels_may_be_true_and_false(tmp_path, words):
    table = labels_table(LABELS).replace({column: {1.0: words[0], 0.0: words[1]} for column in CLASSES})
    table = table.assign(smoker="TRUE")  # no class
    assert read_labels(write(tmp_path, table), CLASSES).to_dict() == LABELS
    with pytest.raises(InputError, match=r"row 2 \(ISIC_0000000\) has 2 labels"):
        read_labels(write(tmp_path, table.assign(NV=words[0])), CLASSES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(NV=1), r"row 2 \(ISIC_0000000\) has 2 labels"),
        (lambda t: t.assign(NV=0), r"row 3 \(ISIC_0000001\) has 0 labels"),
        (lambda t: t.replace({"NV": {1.0: 0.5}}), r"row 3 .* has '0\.5' in column 'NV'"),
        (lambda t: t.astype(str).replace({"DF": {"1.0": " "}}), r"row 7 .* has an empty cell in column 'DF'"),
        (lambda t: t.assign(mel=0), "two columns that mean the same, 'MEL' and 'mel'"),
        (lambda t: t.assign(image_id=0), "two columns that mean the same, 'image' and 'image_id'"),
        (lambda t: t.replace("ISIC_0000004", " "), "row 6 names no image"),
        (lambda t: t.replace("ISIC_0000004", "x/ISIC_0000001.JPG"), "row 6 names image ISIC_0000001 a second time"),
        (lambda t: t.head(0), "no image of class MEL"),
        (lambda t: t.assign(UNK=[0] * 7 + [1]), r"row 9 \(ISIC_0000007\) has 1 in column 'UNK'.*`ignore_classes`"),
        (lambda t: t.assign(sex=[0, 1] * 4), "has 1 in column 'sex', .* or remove the column if it is not a class"),
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


@pytest.mark.parametrize("name", ["NA", "nan", "null", "None", "007", "1e5", "x.y", "a b", "ä", "=1+1"])
def test_names_that_mean_something_to_pandas(tmp_path, name):
    table = labels_table({name if image == "ISIC_0000003" else image: label for image, label in LABELS.items()})
    assert read_labels(write(tmp_path, table), CLASSES)[name] == "AK"


def test_labels_have_the_names_of_files(tmp_path):
    files = ["ISIC_0000000", "isic_0000001", " ISIC_0000002", "ISIC_0000003.jpg", "ISIC_0000004"]
    written = ["a/ISIC_0000000.jpg", "ISIC_0000001", "ISIC_0000002 ", "ISIC_0000003.jpg", "b\\ISIC_0000004.TIFF\ufeff"]
    table = labels_table(dict(zip([*written, *list(LABELS)[5:]], CLASSES, strict=True)))
    labels = read_labels(write(tmp_path, table), CLASSES, files=files)
    assert labels.index.tolist() == [*files, *list(LABELS)[5:]]


def test_ignored_classes_are_kept_apart(tmp_path):
    table = labels_table(LABELS | {"ISIC_0000008": "UNK"}, [*CLASSES, "UNK"])
    labels = read_labels(write(tmp_path, table), CLASSES, ["UNK"])
    assert labels["ISIC_0000008"] == "UNK"


def test_files_that_are_no_tables(tmp_path):
    path = tmp_path / "labels.csv"
    for data in (
        b"",
        b'image,"MEL\n\xff\xfe',
        b"\x89PNG\r\n",
        b'image,MEL\n"a,1\nb,0\n',
        "image,MEL".encode("utf-16")[2:],
    ):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"cannot be read as CSV|has no column"):
            read_labels(path, CLASSES)
    with pytest.raises(InputError, match=r"cannot be read as CSV \(Is a directory\)"):
        read_labels(tmp_path, CLASSES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_spreadsheets_save_labels_in_many_ways(tmp_path, encoding, separator):
    text = labels_table(LABELS).to_csv(index=False, sep=separator, decimal="," if separator == ";" else ".")
    text = text.replace("0.0", '"0"').replace("\n", separator * 2 + "\r\n") + separator * 9 + "\r\n"
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    (tmp_path / "labels.csv").write_bytes((mark + text).encode(encoding))
    assert read_labels(tmp_path / "labels.csv", CLASSES).to_dict() == LABELS


def test_zeros_in_typographic_quotes(tmp_path):
    table = labels_table(LABELS).astype(str).replace({"0.0": "“0”", "1.0": "‘1’"})
    assert read_labels(write(tmp_path, table), CLASSES).to_dict() == LABELS


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


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=8, max_size=20))
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


def lesions_of(tmp_path, table: pd.DataFrame | str, images=("a", "b", "c", "d")) -> dict:
    """The lesion of each image, as read from metadata."""
    path = tmp_path / "metadata.csv"
    path.write_text(table if isinstance(table, str) else table.to_csv(index=False), encoding="utf-8")
    described = describe_images(pd.Series("NV", index=list(images), name="label"), path)
    return described.set_index("image")["lesion"].dropna().to_dict()


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(image=t["image"] + ".jpg"),
        lambda t: t.assign(image="train/" + t["image"] + ".PNG"),
        lambda t: t.assign(image="C:\\x\\" + t["image"]),
        lambda t: t.assign(image=t["image"].str.upper()),
        lambda t: t.assign(image="\u00a0" + t["image"] + "\u200b"),
        lambda t: t.assign(lesion_id=["L1", "L1  ", "\tL2", "L2\u00a0"]),
        lambda t: t.assign(lesion_id=["L1", "l1", "“L2”", '="L2"']),
        lambda t: t.rename(columns={"lesion_id": "Lesion_ID"}),
        lambda t: t.rename(columns={"lesion_id": "lesion_id "}),
        lambda t: t.rename(columns={"lesion_id": "LesionID", "image": "\ufeffImage"}),
        lambda t: t.rename(columns={"lesion_id": "lesion-id", "image": "image_id"}),
        lambda t: t.rename(columns={"lesion_id": "lesion"}),
        lambda t: t.assign(label="x", MEL=1, note="a, b"),
        lambda t: pd.concat([t, t.assign(lesion_id="unknown")]),
        lambda t: pd.concat([t, t.assign(image="other_" + t["image"])]),
        lambda t: t.to_csv(index=False, sep=";"),
        lambda t: t.to_csv(index=False, sep="\t"),
        lambda t: t.to_csv(index=False).replace("\n", ",\n").replace("lesion_id,", "lesion_id"),
        lambda t: "sep=;\n" + t.to_csv(index=False, sep=";"),
        lambda t: "\ufeffSEP=\t\r\n" + t.to_csv(index=False, sep="\t", lineterminator="\r\n"),
        lambda t: '"sep=,"\n' + t.to_csv(index=False),
        lambda t: "sep=;,\n" + t.to_csv(index=False),
        lambda t: "\ufeff" + t.to_csv(index=False, lineterminator="\r\n") + ",\r\n",
    ],
)
def test_metadata_as_people_write_it(tmp_path, change):
    table = pd.DataFrame({"image": list("abcd"), "lesion_id": ["L1", "L1", "L2", "L2"]})
    assert lesions_of(tmp_path, change(table)) == {"a": "L1", "b": "L1", "c": "L2", "d": "L2"}


@pytest.mark.parametrize(
    "word",
    [
        "", " ", "unknown", "UNKNOWN", "NA", "n/a", "NaN", "None", "null", "-", "?", "‘unknown’", "NaT", "n/d", "ND",
        "NK", "missing", "Desconocido", "k.A.", "unbekannt", "Not recorded", "Not  recorded", "#REF!", "#VALUE!",
        "#N/A", "-1", "-1.0", "-1,00", "ＮＡ",
    ],
)  # fmt: skip
def test_an_unknown_lesion_is_no_lesion(tmp_path, word):
    assert lesions_of(tmp_path, pd.DataFrame({"image": list("abc"), "lesion_id": [word, word, "L1"]})) == {"c": "L1"}


def test_lesions_that_a_program_took_for_numbers(tmp_path):
    table = pd.DataFrame({"image": list("abcd"), "lesion_id": ["12", "12.0", "012", "1.20"]})
    assert lesions_of(tmp_path, table) == {"a": "12", "b": "12", "c": "012", "d": "1.20"}
    table["lesion_id"] = ["0,0", "0", "-2.0", "-2"]
    assert lesions_of(tmp_path, table) == {"a": "0", "b": "0", "c": "-2", "d": "-2"}


@pytest.mark.parametrize("written", ["Ｌ１ ２", "L1  2", "l1\u00a02", "L1\u2003２", "“L1 2 ”"])
def test_lesions_that_look_the_same_are_one(tmp_path, written):
    table = pd.DataFrame({"image": list("abc"), "lesion_id": ["L1 2", written, "L12"]})
    assert lesions_of(tmp_path, table) == {"a": "L1 2", "b": "L1 2", "c": "L12"}


def test_repeated_rows_may_be_written_in_two_ways(tmp_path):
    rows = ["image,age,sex,lesion", "a,50,male,12", "a,50.0,Male,12.0", "a,,unknown,", "b,0.5,,l1", 'b,"0,50",f,L1']
    (tmp_path / "m.csv").write_text("\n".join(rows))
    read = read_metadata(tmp_path / "m.csv", ["a", "b"])[["lesion", "age", "sex"]]
    assert read.to_numpy().tolist() == [["12", "50", "male"], ["l1", "0.5", "f"]]


def test_an_age_of_minus_one_is_unknown(tmp_path):
    (tmp_path / "m.csv").write_text("image,age,sex\na,-1,missing\nb,-1.0,male\nc,50,nat\n")
    read = read_metadata(tmp_path / "m.csv", ["a", "b", "c"])
    assert read["age"].isna().tolist() == [True, True, False] and read["sex"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,lesion_id\nx1,L1\nx2,L1\n", r"No row of .*the first is 'x1', the labels' first is 'a'"),
        ("image,lesion_id\n", "it has no rows"),
        ("image,lesion_id,lesion\na,L1,L1\n", "two columns that mean the same, 'lesion_id' and 'lesion'"),
        ("image,age,age_approx\na,1,1\n", "two columns that mean the same, 'age' and 'age_approx'"),
        ("image,lesion_id\na,L1\na.jpg,L2\n", "gives image a two values of lesion, 'L1' and 'L2'"),
        ("image,lesion_id\na,L1,x\n", "row 2 has more cells than the header"),
        ("lesion_id\nL1\n", "has no column 'image'"),
        ("image,Läsion,,note\na,L1,,x\n", r"none of the columns lesion, patient, .*\(it has image, Läsion, note\)"),
        ("image\na\n", r"none of the columns lesion, patient, age, sex, site, archive, skin_tone \(it has image\)"),
        ("image,sex\na,Male\na,male\na,female\n", "two values of sex, 'Male' and 'female'"),
        ("image,age\nb,1\na,50\na,50.0\na,50.5\n", "image a two values of age, '50' and '50.5'"),
        ("image,lesion_id\na,012\na,12\n", "two values of lesion, '012' and '12'"),
    ],
)
def test_metadata_that_is_refused(tmp_path, table, message):
    with pytest.raises(InputError, match=message):
        lesions_of(tmp_path, table)


@pytest.mark.parametrize(("count", "of"), [(21, 40), (40, 40), (101, 5000)])
def test_one_value_at_too_many_images_is_no_lesion(tmp_path, count, of):
    images = [f"i{number}" for number in range(of)]
    table = pd.DataFrame({"image": images, "lesion_id": ["0"] * count + images[count:]})
    with pytest.raises(InputError, match=f"gives the lesion '0' to {count} of {of} images"):
        lesions_of(tmp_path, table, images)
    table.loc[0, "lesion_id"] = "other"
    assert len(lesions_of(tmp_path, table, images)) == of if count < of else True


def test_a_separator_line_is_no_row(tmp_path):
    with pytest.raises(InputError, match="row 2 names no image"):
        (tmp_path / "l.csv").write_text("sep=;\nimage;A\n;1\n")
        read_labels(tmp_path / "l.csv", ["A"])
    for text in ("sep=;", "sep=;\n"):
        (tmp_path / "l.csv").write_text(text)
        with pytest.raises(InputError, match=r"no column 'image' \(it has nothing\)"):
            read_labels(tmp_path / "l.csv", ["A"])


def test_a_name_that_may_be_two_images_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("image,lesion_id\nA.jpg,L1\n")
    with pytest.raises(InputError, match=r"row 2 names image 'A\.jpg', which may be 'a' or 'a '"):
        read_metadata(tmp_path / "m.csv", ["a", "a "])
    assert len(read_metadata(tmp_path / "m.csv", ["a", "A", "a "])) == 1
