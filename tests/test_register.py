"""The register of public splits: readers, counts, and what the audit says of lists."""

import io
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from file_server import Served, Server
from helpers import CLASSES, REPOSITORY, labels_table, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.files import InputError
from lesionflow.report.captions_and_labels import read_figure
from lesionflow.report.figures.register import share_by_split, shares
from lesionflow.report.tables.register import register_table
from lesionflow.splits.published_lists import fetch_files, list_digest, read_local, read_published, stored
from lesionflow.splits.register import audit_lists, count, official_tables
from lesionflow.splits.register_table import COUNTS, read_register

REGISTER = REPOSITORY / "workflow/resources/public_splits.csv"
SHARED = REPOSITORY.parent / "shared"
NAMES = [f"ISIC_{number:07d}" for number in range(6)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield server
        server.shutdown()


def serve(server: Server, files: dict[str, bytes]) -> str:
    """Serve `files` of the repository of `entry`, and return the URL of the server."""
    where = "/someone/splits/c0ffee/"
    server.files = {where + urllib.parse.quote(name): Served(data) for name, data in files.items()}
    return f"http://127.0.0.1:{server.server_port}"


def entry(**how) -> dict:
    return {"name": "mine", "repository": "someone/splits", "commit": "c0ffee"} | how


def as_bytes(write) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def in_zip(stream) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("lists/2k19_train_1.csv", f"{NAMES[0]},0\n{NAMES[1]},1\n")
        archive.writestr("lists/2k19_test_1.csv", f"img/{NAMES[2]}_downsampled.jpg,3\n")


ROWS = [(NAMES[0], 0), (NAMES[1], 0), (f"{NAMES[2]}_downsampled", 2), (NAMES[3], 3)]
KINDS = {
    "lines": (
        {"path": "lists/{part} 1.csv", "parts": "train - val"},
        {
            "lists/train 1.csv": f"image,label\r\n{NAMES[0]}.jpg,2\r\n{NAMES[1]},1".encode(),
            "lists/val 1.csv": f"\ufeff/data/{NAMES[2]}_downsampled.JPG 3\n".encode(),
        },
    ),
    "npy": (
        {"path": "{part}.npy", "parts": "train - test"},
        {
            "train.npy": as_bytes(lambda stream: np.save(stream, np.array([[f"{name}.jpg"] for name in NAMES[:2]]))),
            "test.npy": as_bytes(lambda stream: np.save(stream, np.array([f"{NAMES[2]}_downsampled"]))),
        },
    ),
    "zip": ({"path": "all.zip!2k19_{part}_1.csv", "parts": "train - test"}, {"all.zip": as_bytes(in_zip)}),
    "column": (
        {"path": "all.csv!Fold={part}", "parts": "0 - 2"},
        {
            "all.csv": "\n".join(
                ["path;fold", *(f"{name}_{way}.jpg;{part}" for name, part in ROWS for way in ("flip", "orig"))]
            ).encode()
        },
    ),
}


@pytest.mark.parametrize("reader", KINDS)
def test_a_list_is_fetched_and_read(tmp_path, server, reader):
    how, files = KINDS[reader]
    mine = entry(reader=reader, **how)
    folder = fetch_files(mine, serve(server, files), tmp_path)
    expected = [[NAMES[0], "train"], [NAMES[1], "train"], [f"{NAMES[2]}_downsampled", "test"]]
    assert read_published(mine, folder).to_numpy().tolist() == expected
    asked = [len(file.requests) for file in server.files.values()]
    assert fetch_files(mine, serve(server, {}), tmp_path) == folder and set(asked) == {1}


@pytest.mark.parametrize(
    ("how", "content", "message"),
    [
        ({"reader": "npy", "path": "{part}.npy"}, b"no array", "cannot be read as 'npy'"),
        ({"reader": "pickle", "path": "{part}.pkl"}, b"", "has reader 'pickle' for .*: use one of"),
        ({"reader": "zip", "path": "{part}!x.csv"}, b"no zip", "cannot be read as 'zip'"),
        ({"reader": "lines", "path": "{part}.txt"}, b"image\n", "names no image of part 'train'"),
        ({"reader": "lines", "path": "{part}.txt"}, b"\xff\xfe\xff", "cannot be read as 'lines'"),
        ({"reader": "column", "path": "{part}!fold=train"}, b"image,part\na,b\n", "no column 'fold'"),
    ],
)
def test_files_that_a_reader_does_not_expect(tmp_path, how, content, message):
    mine = entry(parts="train - test", **how)
    path = stored(tmp_path, how["path"].replace("{part}", "train").split("!")[0])
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_published(mine, tmp_path)


def test_a_pickled_array_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array(NAMES[:2], dtype=object), allow_pickle=True)
    (tmp_path / "x.npy").rename(stored(tmp_path, "x.npy"))
    with pytest.raises(InputError, match="cannot be read as 'npy'"):
        read_published(entry(reader="npy", path="x.npy", parts="train - test"), tmp_path)


def test_a_split_without_reader_is_not_fetched(tmp_path):
    with pytest.raises(InputError, match=r"cannot be fetched \(split\.py\): put one, mine\.csv"):
        fetch_files(entry(reader="", path="split.py", parts=""), "http://127.0.0.1:9", tmp_path)


def test_a_digest_is_that_of_the_images_and_their_parts(tmp_path):
    (tmp_path / "a.csv").write_text("part,image\ntest,x/b.JPG\ntrain,a\ntrain,a.png\n")
    (tmp_path / "b.csv").write_text("image;part\na;train\nb;test\n")
    one, other = (read_local(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert list_digest(one) == list_digest(other) != list_digest(one.assign(part="test"))


parts = st.lists(st.sampled_from(["train", "valid", "test"]), min_size=12, max_size=12)


@settings(deadline=None, max_examples=50)
@given(parts, parts, st.lists(st.sampled_from(["L1", "L2", "L3", None]), min_size=12, max_size=12))
def test_counts_are_those_of_sets(first, second, lesions):
    names = [f"{NAMES[number // 2]}{'_downsampled' if number % 2 else ''}" for number in range(12)]
    lesion, label = dict(zip(names, lesions, strict=True)), dict(zip(names, ["MEL", "NV", "BCC"] * 4, strict=True))
    official = pd.DataFrame({"image": names, "label": label.values(), "lesion": lesions}).head(10)
    split = pd.DataFrame({"image": names * 2, "part": [*first, *second]}).drop_duplicates()
    train, valid, test = (set(split["image"][split["part"] == part]) for part in ("train", "valid", "test"))
    counts, by_class = count(official, split)

    def lesions_of(images):
        return {lesion[image] for image in images if image in names[:10]} - {None}

    def sharing(images, others):
        seen = lesions_of(others)
        return {image for image in images if lesions_of([image]) & seen}

    def plain(images):
        return {image.removesuffix("_downsampled") for image in images}

    shared, melanomas = sharing(test, train), {image for image in test if image in names[:10] and label[image] == "MEL"}
    expected = {
        "train": len(train),
        "valid": len(valid),
        "test": len(test),
        "test_sharing_file": len(test & train),
        "test_sharing_lesion": len(shared),
        "mel_test": len(melanomas),
        "mel_sharing": len(shared & melanomas),
        "not_official_names": len((train | valid | test) - set(names[:10])),
        "test_without_lesion_id": sum(not lesions_of([image]) for image in test),
        "test_sharing_any": len(shared | (test & train)),
        "test_sharing_train_or_valid": len(sharing(test, train | valid)),
        "test_same_id_other_spelling": sum(bool(plain([image]) & plain(train)) for image in test),
        "valid_also_test": len(valid & test),
        "valid_sharing_file": len(valid & train),
        "valid_sharing_lesion": len(sharing(valid, train)),
    }
    # A count is missing, and not 0, if the lesion is known for no image that could share it.
    for name, value in expected.items():
        assert counts[name] == value or (counts[name] is None and value == 0), name
    assert by_class["test"].sum() == len(test & set(names[:10]))
    assert by_class["test_sharing_lesion"].sum() == len(shared)


def test_lesions_of_isic_2020_are_unknown_without_its_table(tmp_path):
    labels_table(dict(zip(map(str, range(8)), CLASSES, strict=True))).to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "metadata.csv").write_text("image,lesion_id\n0,HAM_0000001\n1,BCN_0000001\n")
    (tmp_path / "2020.csv").write_text(
        "image_name,patient_id,lesion_id,sex,target\n"
        + "".join(f"{name},IP_{number // 2},IL_{number % 2},female,{number % 2}\n" for number, name in enumerate(NAMES))
    )
    split = pd.DataFrame({"image": NAMES[:4], "part": ["train", "test", "test", "test"]})
    tables = official_tables(tmp_path / "labels.csv", tmp_path / "metadata.csv")
    assert {name: table if table is None else len(table) for name, table in tables.items()} == {
        "ISIC 2019": 8, "HAM10000": 1, "ISIC 2020": None,
    }  # fmt: skip
    counts, _ = count(tables["ISIC 2020"], split)
    assert (counts["test"], counts["test_sharing_file"], counts["test_sharing_lesion"]) == (3, 0, None)
    tables = official_tables(tmp_path / "labels.csv", tmp_path / "metadata.csv", tmp_path / "2020.csv")
    counts, by_class = count(tables["ISIC 2020"], split)
    assert (counts["test_sharing_lesion"], counts["mel_test"], counts["mel_sharing"]) == (1, 2, 0)
    assert counts["test_sharing_patient"] == 1  # ISIC_0000001's, beside the lesion that ISIC_0000002 shares
    assert counts["test_sharing_any"] == 1
    assert by_class.to_numpy().tolist() == [["MEL", 2, 0], ["benign", 1, 1]]


def test_the_register_is_complete():
    register = read_register(REGISTER)
    assert len(register) == 65 and register["digest"].str.fullmatch("[0-9a-f]{64}").all()
    assert register["commit"].str.fullmatch("[0-9a-f]{40}").all()
    assert register[["dataset", "repository", "path", "licence", "kind", "counted"]].notna().all(axis=None)
    assert (register["reader"].isna() == register["parts"].isna()).all()
    assert (register["test_sharing_lesion"] <= register["test"]).all()


def test_the_picture_of_the_docs_is_that_of_the_register(tmp_path):
    shares(tmp_path / "register.svg", read_register(REGISTER))
    drawn, shown = (read_figure(folder / "register.svg") for folder in (tmp_path, REPOSITORY / "docs"))
    assert drawn["description"] == shown["description"]


def test_folds_are_one_line_of_the_figure():
    rows = share_by_split(read_register(REGISTER)).set_index("split")
    assert len(rows) == 43 and rows.loc["zhuang_isic2018", "count"] == 5
    assert rows.loc["zhuang_isic2018", ["min", "max"]].round(1).tolist() == [37.4, 39.1]
    assert rows["mean"].idxmax() == "flamby_fed_isic2019"


def test_what_differs_from_the_register_is_said():
    register = read_register(REGISTER).set_index("name", drop=False).loc[["cotna_ham10000", "tongji_ham10000"]]
    split = pd.DataFrame({"image": NAMES[:3], "part": ["train", "test", "test"]})
    official = pd.DataFrame({"image": NAMES, "label": "MEL", "lesion": ["L1", "L1", None, None, None, None]})
    audits, classes = audit_lists(register, {"HAM10000": official}, {"cotna_ham10000": split})
    status = audits["status"].tolist()
    assert status[0].startswith("not the register's list, other counts (train 1, not 6007, valid 0, not 2000, test 2")
    assert status[1] == "no list" and audits["test"].isna().tolist() == [False, True]
    assert classes.to_numpy().tolist() == [["cotna_ham10000", "MEL", 2, 1]]
    table = register_table(audits)
    assert table.wide.loc[0, ["Share", "Lesion unknown"]].tolist() == ["50.0%", "1"]
    assert table.notes[:2] == [
        "1 of the 2 lists of the register were audited; 1 have test images whose lesion is in training.",
        f"cotna_ham10000: {status[0]}.",
    ]
    new = register.assign(**dict.fromkeys([*COUNTS, "digest"], pd.NA))
    audits, _ = audit_lists(new, {"HAM10000": official}, {"cotna_ham10000": split})
    assert audits["status"].tolist() == ["the register has no digest yet", "no list"]
    with pytest.raises(InputError, match="There is no list to audit"):
        audit_lists(register, {}, {"other": split})
    with pytest.raises(InputError, match="'HAM10000' for cotna_ham10000: use one of ISIC 2019"):
        audit_lists(register, {"ISIC 2019": official}, {"cotna_ham10000": split})


def test_a_list_of_your_own_has_known_parts(tmp_path):
    (tmp_path / "a.csv").write_text("image,part\nx/ISIC_1.jpg,train\nISIC_2, test\n")
    assert read_local(tmp_path / "a.csv").to_numpy().tolist() == [["ISIC_1", "train"], ["ISIC_2", "test"]]
    (tmp_path / "a.csv").write_text("image,part\nISIC_1,train\nISIC_2,dev\n")
    with pytest.raises(InputError, match="row 3 has part 'dev': use only train, valid, test"):
        read_local(tmp_path / "a.csv")


@pytest.mark.workflow
@pytest.mark.skipif(not (SHARED / "public_splits").is_dir(), reason="the lists of public splits are not here")
def test_every_list_has_the_published_counts():
    register = read_register(REGISTER)
    given, by_class = (
        pd.read_csv(SHARED / "public_splits" / name, keep_default_na=False, dtype=str).set_index("name")
        for name in ("registry.csv", "per_class.csv")
    )
    official = official_tables(
        *(SHARED / f"isic2019/ISIC_2019_Training_{name}.csv" for name in ("GroundTruth", "Metadata"))
    )
    lists = {name: read_local(SHARED / f"public_splits/{name}.csv") for name in given.index}
    audits, classes = audit_lists(register, official, lists)
    audits = audits.set_index("name")
    assert audits.index.tolist() == given.index.tolist()
    shown = audits[COUNTS].astype(object).where(audits[COUNTS].notna(), "").astype(str)
    new = given["dataset"] == "ISIC 2020"  # of which lesions, labels and patients are not here
    assert (shown == given[COUNTS])[~new].all(axis=None)
    assert (shown == given[COUNTS]).where(shown != "", True)[new].all(axis=None)
    share = (audits["test_sharing_lesion"] / audits["test"]).astype(float)[~new]
    assert np.allclose(share, given.loc[~new, "share"].astype(float), rtol=0, atol=0.000051)  # four digits
    assert (register.set_index("name")[COUNTS].astype("string").fillna("") == given[COUNTS]).all(axis=None)
    counted = classes.set_index("name").astype(str).set_index("label", append=True).sort_index()
    published = by_class[~new.reindex(by_class.index)].set_index("label", append=True).sort_index()
    assert counted.equals(published)
    assert (
        audits["status"].str.startswith("the register's list").all()
        and (audits["status"] == "the register's list").sum() == 59
    )


@pytest.mark.skipif(not (SHARED / "public_splits").is_dir(), reason="the lists of public splits are not here")
def test_a_published_table_is_read_as_its_list(tmp_path):
    (flamby,) = read_register(REGISTER).query("name == 'flamby_fed_isic2019'").to_dict("records")
    path = stored(tmp_path, flamby["path"].split("!")[0])
    path.parent.mkdir(parents=True)
    path.write_bytes((SHARED / "isic2019/flamby_train_test_split.csv").read_bytes())
    assert list_digest(read_published(flamby, tmp_path)) == flamby["digest"]


def test_lists_are_fetched_audited_and_compared(tmp_path, server):
    images = dict(zip(NAMES, ["MEL", "NV", "MEL", "NV", "BCC", "AK"], strict=True))
    others = dict(zip("abcd", ["BKL", "DF", "VASC", "SCC"], strict=True))
    labels_table(images | others).to_csv(tmp_path / "labels.csv", index=False)
    lesions = "".join(f"{name},HAM_{number // 2}\n" for number, name in enumerate(NAMES))
    (tmp_path / "metadata.csv").write_text(f"image,lesion_id\n{lesions}")
    (tmp_path / "lists").mkdir()
    rows = "".join(f"{name},{part}\n" for name, part in zip(NAMES, ["train", "test"] * 3, strict=True))
    (tmp_path / "lists/flamby_fed_isic2019.csv").write_text(f"image,part\n{rows}")
    cotna = read_register(REGISTER).query("name == 'cotna_ham10000'").to_dict("records")[0]
    server.files = {
        f"/{cotna['repository']}/{cotna['commit']}/{part}_labels.csv": Served(f"image,dx\n{name}.jpg,nv\n".encode())
        for part, name in zip(["train", "val", "test"], NAMES, strict=False)
    }
    config = {
        "register": {"lists": "lists", "server": f"http://127.0.0.1:{server.server_port}"},
        "collections": {"isic2019": {"labels": "labels.csv", "metadata": "metadata.csv"}},
    }
    done = snakemake(tmp_path, "audit_register", "resources/register/cotna_ham10000.csv", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    fetched = read_local(tmp_path / "resources/register/cotna_ham10000.csv")
    assert fetched.to_numpy().tolist() == [[NAMES[0], "train"], [NAMES[1], "valid"], [NAMES[2], "test"]]
    audits = pd.read_csv(tmp_path / "results/register/audits.csv").set_index("name").loc["flamby_fed_isic2019"]
    assert (audits["train"], audits["test"], audits["test_sharing_lesion"], audits["mel_sharing"]) == (3, 3, 3, 0)
    assert audits["status"].startswith("not the register's list, other counts (train 3, not 18597")
    assert "flamby_fed_isic2019: not the register's list" in done.stdout
    assert "In 1 of 1 public splits" in read_figure(tmp_path / "results/register/figure.svg")["description"]
    assert "100.0%" in (tmp_path / "results/register/audits.md").read_text()
    assert len(pd.read_csv(tmp_path / "results/register/classes.csv")) == 2
