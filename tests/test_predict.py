"""New images: the right model, refused where it does not fit; every file in the table; the page; ONNX."""

import html
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.evaluation.best_model import (
    DRAWN,
    LEAKY,
    best_model,
    model_folder,
)
from lesionflow.evaluation.predictions import check_source, prediction_table, readable, set_name, source_of, summary
from lesionflow.files import InputError, listing_digest, read_json, write_json
from lesionflow.lists import read_packed, read_predictions, read_results, write_probabilities, write_table

NAMES = {"MEL": "melanoma", "NV": "melanocytic naevus"}
TABLE = "results/tiny/tables/table_4_1.csv"


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=20).filter(any), st.randoms(use_true_random=False))
def test_every_file_has_a_row_and_only_readable_ones_probabilities(ok, random):
    names = [f"{number:03d}" for number in range(len(ok))]
    status = ["ok" if fine else "cannot be decoded: broken" for fine in ok]
    files = pd.DataFrame({"image": names, "status": status})
    read = readable(files)["image"].tolist()
    values = np.random.default_rng(random.getrandbits(32)).dirichlet(np.ones(8), len(read))
    probabilities = pd.DataFrame(values, columns=CLASSES)
    probabilities.insert(0, "image", read)
    table = prediction_table(files, probabilities, NAMES)
    assert list(table.columns) == ["image", *CLASSES, "predicted", "probability", "status", "warning"]
    assert table["image"].tolist() == names and table["status"].tolist() == status
    there = table["status"] == "ok"
    assert (table.loc[there, CLASSES].to_numpy() == values).all()
    written = [NAMES.get(CLASSES[k], CLASSES[k]) for k in values.argmax(1)]
    assert table.loc[there, "predicted"].tolist() == written
    assert (table.loc[there, "probability"].to_numpy() == values.max(1)).all()
    assert table.loc[~there, [*CLASSES, "predicted", "probability"]].isna().all(axis=None)


ODD = ["NA", "null", "nan", "None", "N/A", "", "007", "1e5", "inf", "True", "-", "a,b", 'a"b', "a\nb", " a ", "ä", "#"]


@pytest.mark.workflow
@settings(deadline=None)
@given(st.lists(st.sampled_from(ODD) | st.text(st.characters(codec="utf-8", exclude_characters="\r")), unique=True))
def test_names_are_names(tmp_path_factory, names):
    names = [name for name in names if name] or ["NA"]
    path = tmp_path_factory.mktemp("names") / "table.csv"
    files = pd.DataFrame({"image": names, "row": range(len(names)), "width": 60, "height": 40, "status": "ok"})
    write_table(path, files.assign(sha256="e0", pixels="1e5", phash="00"))
    assert read_packed(path)["image"].tolist() == names
    probabilities = pd.DataFrame({"image": names, "NA": 0.75, "null": 0.25})
    write_probabilities(path, prediction_table(read_packed(path), probabilities, {}, {"NA": "a reason"}))
    table = read_predictions(path)
    assert table["image"].tolist() == [*names, "NA"]
    assert table["predicted"].tolist()[:-1] == ["NA"] * len(names) and table["predicted"].isna().iloc[-1]


def test_files_that_are_not_tried_have_a_row_and_warnings_are_in_all():
    files = pd.DataFrame({"image": ["a", "b"], "status": ["ok", "cannot be decoded: x"]})
    probabilities = pd.DataFrame({"image": ["a"], "MEL": [0.2], "NV": [0.8]})
    unread = {"photo.webp": "WebP is not read", "scan.gif": "GIF is not read"}
    table = prediction_table(files, probabilities, NAMES, unread, [DRAWN, LEAKY])
    assert table["image"].tolist() == ["a", "b", "photo.webp", "scan.gif"]
    assert table["status"].tolist() == ["ok", "cannot be decoded: x", "WebP is not read", "GIF is not read"]
    assert table.loc[1:, ["MEL", "NV", "predicted", "probability"]].isna().all(axis=None)
    assert (table["warning"] == f"{DRAWN} {LEAKY}").all()
    told = summary(table, "there.csv")
    assert told == f"1 image predicted, 3 files not: column status says why (there.csv).\n{DRAWN} {LEAKY}"
    assert summary(prediction_table(files[:1], probabilities, NAMES), "x") == "1 image predicted (x)."


def test_a_model_without_probabilities_is_refused():
    files = pd.DataFrame({"image": ["a"], "status": ["ok"]})
    with pytest.raises(InputError, match="probabilities for a are not finite: its weights are faulty"):
        prediction_table(files, pd.DataFrame({"image": ["a"], "MEL": [np.nan], "NV": [np.nan]}), NAMES)


def test_two_files_of_one_name_are_no_silent_double():
    files = pd.DataFrame({"image": ["a", "a"], "status": "ok"})
    with pytest.raises(pd.errors.MergeError):
        prediction_table(files, pd.DataFrame({"image": ["a"], "MEL": [1.0]}), NAMES)


def test_no_readable_file_is_an_error():
    files = pd.DataFrame({"image": ["a", "b"], "status": ["cannot be decoded: x"] * 2})
    with pytest.raises(InputError, match=r"None of 2 images can be read, the first is a \(cannot be decoded: x\)"):
        readable(files)


def test_names_and_changes_of_a_set_of_images(tmp_path):
    folder = tmp_path / "visit 1.2"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.jpg").write_bytes(b"a")
    with zipfile.ZipFile(tmp_path / "visit 2.zip", "w") as archive:
        archive.write(folder / "sub/a.jpg")
    assert set_name(f"{folder}/") == "visit 1.2" and set_name(tmp_path / "visit 2.zip") == "visit 2"
    before = listing_digest(folder)
    assert listing_digest(folder) == before
    times = (folder / "sub/a.jpg").stat()
    for content, later in ((b"ab", 0), (b"b", 10)):  # another size at the same time, the same size at another time
        (folder / "sub/a.jpg").write_bytes(content)
        os.utime(folder / "sub/a.jpg", ns=(times.st_atime_ns, times.st_mtime_ns + later))
        assert listing_digest(folder) != before


@pytest.mark.parametrize("name", ["new {a} <b>", "a,b=c:d", "x\ny", "$(x) `y` \"z\" 'q'", "é (1) [2] *"])
def test_names_of_results_hold_nothing_that_snakemake_reads(tmp_path, name):
    (tmp_path / name).mkdir()
    named = set_name(tmp_path / name)
    assert named and not set(named) & set("{}<>,=:\n$`\"'[]*/") and len(named) == len(name)


def test_predictions_of_other_images_are_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = Path("results/predictions/visit/model.json")
    check_source(record, "a/visit")
    write_json(record, {"images": source_of("a/visit")})
    check_source(record, "a/visit")
    check_source(record, tmp_path / "a/visit")
    with pytest.raises(InputError, match=r"visit has predictions of other images with this name \(a/visit\): rename"):
        check_source(record, "b/visit")
    assert source_of("/elsewhere/visit") == "/elsewhere/visit"


def test_new_images_are_predicted(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "2024/sub").mkdir(parents=True)
    split = pd.read_csv(folder / "results/tiny/corrected/seed1/split.csv")
    tested = split.loc[split["part"] == "test", "image"].tolist()
    for image in tested:
        shutil.copy(folder / f"images/{image}.jpg", folder / "2024/sub")
    whole = (folder / f"images/{tested[0]}.jpg").read_bytes()
    (folder / "2024/007.jpg").write_bytes(whole[: len(whole) // 2])
    for name in ("NA", "null"):
        (folder / f"2024/{name}.jpg").write_bytes(whole)
    (folder / "2024/photo.webp").write_bytes(b"RIFF")
    grey = np.linspace(0, 255, 45 * 60).reshape(45, 60).astype(np.uint8)
    Image.fromarray(grey).save(folder / "2024/grey8.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "2024/grey16.png")
    done = snakemake(folder, "predict", config={"images": 2024})  # which a config may say without quotes
    assert done.returncode == 0, output(done)[-4000:]
    assert f"{len(tested) + 4} images predicted, 2 files not" in done.stdout
    results = folder / "results/predictions/2024"
    table = read_predictions(results / "predictions.csv").set_index("image")
    assert sorted(table.index) == sorted(["007", "NA", "null", "photo.webp", "grey8", "grey16", *tested])
    assert table.loc["007", "status"].startswith("cannot be decoded") and table.loc["007", :"probability"].isna().all()
    assert "webp" in table.loc["photo.webp", "status"] and table.loc["photo.webp", :"probability"].isna().all()
    assert np.allclose(*(table.loc[name, CLASSES].astype(float) for name in ("grey8", "grey16")), atol=2e-3)
    assert table.loc["NA"].equals(table.loc["null"]) and table["warning"].isna().all()
    chosen = read_json(results / "model.json")
    assert chosen["folder"] == model_folder("tiny", best_model(read_results(folder / TABLE))) and not chosen["drawn"]
    expected = pd.read_csv(folder / chosen["folder"] / "test.csv").set_index("image")
    assert np.allclose(table.loc[expected.index, CLASSES], expected, atol=2e-3)
    page = (results / "gallery.html").read_text()
    assert page.count("<img") == len(tested) + 4
    assert all(html.escape(table.loc[name, "status"]) in page for name in ("007", "photo.webp"))

    assert "Nothing to be done" in output(snakemake(folder, "predict", config={"images": 2024}))
    (folder / "2024/007.jpg").write_bytes(whole)
    done = snakemake(folder, "predict", config={"images": "2024"})
    assert done.returncode == 0, output(done)[-4000:]
    table = read_predictions(results / "predictions.csv").set_index("image")
    assert (
        table.loc["007"].equals(table.loc["NA"]) and (table.loc["007", CLASSES] == table.loc[tested[0], CLASSES]).all()
    )

    before = {file: file.read_bytes() for file in results.iterdir()}
    shutil.copytree(folder / "images", folder / "other/2024")
    done = snakemake(folder, "predict", config={"images": "other/2024"})
    assert done.returncode != 0 and "has predictions of other images with this name (2024): rename" in output(done)
    assert before == {file: file.read_bytes() for file in results.iterdir()}


def test_a_zip_by_a_named_model(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    shutil.make_archive(folder / "my <visit>", "zip", folder / "images")
    (folder / "link.zip").symlink_to("my <visit>.zip")
    named = "results/tiny/corrected/seed1/undersampled/resnet50/stage1"
    shutil.copytree(folder / named, folder / "elsewhere")
    record = read_json(folder / "elsewhere/model.json")
    write_json(folder / "elsewhere/model.json", record | {"drawn": True})
    config = {"images": "link.zip", "predict": {"model": "elsewhere"}}
    done = snakemake(folder, "predict", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    results = folder / "results/predictions/my _visit_"
    table = read_predictions(results / "predictions.csv")
    assert len(table) == 97 and (table["status"] == "ok").sum() == 96
    assert (table["warning"] == DRAWN).all() and DRAWN in done.stdout
    assert DRAWN in (results / "gallery.html").read_text()
    done = snakemake(folder, "predict", config=config | {"classes": CLASSES[::-1]})
    assert done.returncode != 0 and "elsewhere was trained with `classes` ['MEL'" in output(done)
    assert "Traceback" not in output(done) and "rule train:" not in output(done)
    (folder / "elsewhere/model.safetensors").write_bytes(b"cut")
    for packed in folder.glob("resources/predictions/*/packed*/*"):
        packed.unlink()
    done = snakemake(folder, "predict", config=config)
    assert done.returncode != 0 and "model.safetensors is damaged" in output(done)
    assert "Traceback" not in output(done) and "rule pack_new_images" not in output(done)


def test_nothing_trained_yet(raw, tmp_path):
    shutil.copytree(raw, tmp_path, dirs_exist_ok=True)
    done = snakemake(tmp_path, "predict", config={"images": "images"})
    assert done.returncode != 0 and "Nothing has been trained yet on tiny" in output(done)
    assert "Traceback" not in output(done) and not (tmp_path / "resources").exists()
