"""New images: the right model, refused where it does not fit; every file in the table; the page; ONNX."""

import html
import json
import os
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from conftest import CLASSES, REPOSITORY, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lesionflow import export
from lesionflow.files import InputError, read_json
from lesionflow.gallery import page, thumbnail
from lesionflow.predictions import (
    best_model,
    check_fit,
    choose_model,
    listing_digest,
    model_folder,
    prediction_table,
    readable,
    set_name,
)

NAMES = {"MEL": "melanoma", "NV": "melanocytic naevus"}
CARD = {
    "collection": "tiny",
    "protocol": "corrected",
    "seed": "1",
    "dataset": "smote",
    "backbone": "resnet50",
    "stage": "3",
    "weights": "none",
    "classes": CLASSES,
    "image_size": 32,
    "resize": "antialiased",
    "leaky": False,
    "backbone_settings": {},
}
FITTING = {
    "classes": CLASSES,
    "image_size": 32,
    "resize": {"corrected": "antialiased"},
    "backbones": ["resnet50"],
}


def table_4_1(valid: list[float], leaky: list[bool], test: list[float] | None = None) -> pd.DataFrame:
    """Table 4.1 of as many stage 3 models, one a seed, as far as choosing needs it."""
    names = {"protocol": "corrected", "dataset": "smote", "backbone": "resnet50", "stage": 3}
    numbers = {"seed": range(len(valid)), "valid_balanced_accuracy": valid, "leaky": leaky}
    return pd.DataFrame(names | numbers | {"balanced_accuracy": test or valid})


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 1)), min_size=1))
def test_the_best_model_is_the_best_honest_one_on_validation_images(runs):
    valid, leaky, test = map(list, zip(*runs, strict=True))
    if all(leaky):
        with pytest.raises(InputError, match="under a protocol that leaks"):
            best_model(table_4_1(valid, leaky, test))
        return
    best = best_model(table_4_1(valid, leaky, test))
    assert not leaky[best["seed"]]
    assert best["valid_balanced_accuracy"] == max(v for v, leaks in zip(valid, leaky, strict=True) if not leaks)


def test_the_model_is_found_or_what_is_missing_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Say which images"):
        choose_model(None, "tiny", None)
    with pytest.raises(InputError, match=r"There is no folder or \.zip nowhere"):
        choose_model("nowhere", "tiny", None)
    with pytest.raises(InputError, match="Nothing was trained yet on tiny"):
        choose_model(".", "tiny", None)
    table = Path("results/tiny/tables/table_4_1.csv")
    table.parent.mkdir(parents=True)
    table_4_1([0.2, 0.4, 0.9], [False, False, True]).to_csv(table, index=False)
    folder = "results/tiny/corrected/seed1/smote/resnet50/stage3"
    with pytest.raises(InputError, match=r"seed1.* has no model\.safetensors and no model\.json"):
        choose_model(".", "tiny", None)
    for place in (folder, "elsewhere"):
        Path(place).mkdir(parents=True)
        (Path(place) / "model.safetensors").touch()
        (Path(place) / "model.json").write_text(json.dumps(CARD))
    assert choose_model(".", "tiny", None) == (folder, CARD)
    assert choose_model(".", "untrained", "elsewhere") == ("elsewhere", CARD)
    assert model_folder("tiny", pd.read_csv(table).iloc[1]) == folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": CLASSES[::-1]}, r"trained with `classes` \['MEL', .*, the config says \['SCC', "),
        ({"classes": CLASSES[:7]}, "trained with `classes`"),
        ({"image_size": 64}, "trained with `image_size` 32, the config says 64"),
        ({"resize": {"corrected": "nearest"}}, "trained with `resize` antialiased, the config says nearest"),
        ({"backbones": ["vgg16"]}, r"the backbone 'resnet50', which is not one of `backbones` \(vgg16\)"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(changes, message):
    check_fit("folder", CARD, **FITTING)
    check_fit("folder", CARD, **FITTING | {"resize": {"another": "nearest"}})
    with pytest.raises(InputError, match=message):
        check_fit("folder", CARD, **FITTING | changes)


def test_a_card_that_says_too_little_is_refused():
    with pytest.raises(InputError, match=r"folder/model\.json does not say its image_size, resize"):
        check_fit("folder", {key: CARD[key] for key in CARD if key not in ("image_size", "resize")}, **FITTING)


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
    assert list(table.columns) == ["image", *CLASSES, "predicted", "probability", "status"]
    assert table["image"].tolist() == names and table["status"].tolist() == status
    there = table["status"] == "ok"
    assert (table.loc[there, CLASSES].to_numpy() == values).all()
    written = [NAMES.get(CLASSES[k], CLASSES[k]) for k in values.argmax(1)]
    assert table.loc[there, "predicted"].tolist() == written
    assert (table.loc[there, "probability"].to_numpy() == values.max(1)).all()
    assert table.loc[~there, [*CLASSES, "predicted", "probability"]].isna().all(axis=None)


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


class Page(HTMLParser):
    """Start tags with their attributes, and all text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def gallery(count: int, broken: int, **changes) -> Page:
    """The page of so many readable and broken images."""
    names = [f"<{number:03d}>" for number in range(count + broken)]
    files = pd.DataFrame({"image": names, "row": range(len(names)), "width": 60, "height": 40})
    files["status"] = ["ok"] * count + ["cannot be decoded: <cut>"] * broken
    probabilities = pd.DataFrame([[0.4, 0.3, 0.2, 0.05, 0.05, 0, 0, 0]] * count, columns=CLASSES)
    probabilities.insert(0, "image", names[:count])
    text = page(
        REPOSITORY / "workflow/report/gallery.html.j2",
        name="<new>",
        predictions=prediction_table(files, probabilities, NAMES),
        files=files,
        pixels=np.zeros((len(names), 32, 32, 3), np.uint8),
        card=CARD | {"folder": "results/x"} | changes,
        class_names=NAMES,
    )
    assert "<cut>" not in text and "<new>" not in text
    return Page(text)


def test_the_gallery_shows_the_first_pictures_and_three_classes_of_each():
    shown = gallery(203, 1)
    pictures = [attributes for tag, attributes in shown.tags if tag == "img"]
    assert len(pictures) == 200
    assert all(picture["src"].startswith("data:image/jpeg;base64,") for picture in pictures)
    assert pictures[7]["alt"] == "<007>" and (pictures[7]["width"], pictures[7]["height"]) == ("200", "133")
    assert shown.text.count("Research use only, not a diagnosis.") == 2
    assert "The first 200 of 203 images" in shown.text
    assert "<007>: melanoma" in shown.text and "melanocytic naevus 30.0" in shown.text and "BCC 20.0" in shown.text
    bars = [attributes for _, attributes in shown.tags if attributes.get("class") == "fill"]
    assert len(bars) == 600 and bars[1]["style"] == "width: 30.0%"
    assert "cannot be decoded: <cut>" in shown.text and "LEAKY" not in shown.text


def test_the_gallery_of_a_leaking_model_says_so():
    shown = gallery(2, 0, leaky=True)
    assert "LEAKY" in shown.text
    assert "2 images that could be read" in shown.text and "Files that could not be read" not in shown.text


def test_a_thumbnail_has_the_shape_of_its_file():
    shape = thumbnail(np.zeros((32, 32, 3), np.uint8), 10, 4000)
    assert (shape["width"], shape["height"]) == (1, 200)


def test_onnx_computes_the_same_or_is_refused(tmp_path):
    torch.manual_seed(0)
    model = export.with_probabilities(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8)))
    export.write_onnx(model, 16, tmp_path / "model.onnx")
    pixels = torch.randint(0, 256, (5, 3, 16, 16)).float()
    assert export.largest_difference(model, tmp_path / "model.onnx", pixels) < 1e-6
    other = export.with_probabilities(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8)))
    with pytest.raises(ArithmeticError, match="onnxruntime and PyTorch differ by"):
        export.largest_difference(other, tmp_path / "model.onnx", pixels)


def test_new_images_are_predicted(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "new images/sub").mkdir(parents=True)
    split = pd.read_csv(folder / "results/tiny/corrected/seed1/split.csv")
    tested = split.loc[split["part"] == "test", "image"].tolist()
    for image in tested:
        shutil.copy(folder / f"images/{image}.jpg", folder / "new images/sub")
    whole = (folder / f"images/{tested[0]}.jpg").read_bytes()
    (folder / "new images/007.jpg").write_bytes(whole[: len(whole) // 2])
    done = snakemake(folder, "predict", config={"images": "new images"})
    assert done.returncode == 0, output(done)[-4000:]
    results = folder / "results/predictions/new images"
    table = pd.read_csv(results / "predictions.csv", dtype={"image": str}).set_index("image")
    assert sorted(table.index) == sorted(["007", *tested])
    assert "truncated" in table.loc["007", "status"] and table.loc["007", :"probability"].isna().all()
    chosen = read_json(results / "model.json")
    best = pd.read_csv(folder / "results/tiny/tables/table_4_1.csv")
    best = best.loc[best["valid_balanced_accuracy"].idxmax()]
    assert chosen["folder"] == model_folder("tiny", best)
    expected = pd.read_csv(folder / chosen["folder"] / "test.csv").set_index("image")
    assert np.allclose(table.loc[expected.index, CLASSES], expected, atol=2e-3)
    page = (results / "gallery.html").read_text()
    assert page.count("<img") == len(tested) and html.escape(table.loc["007", "status"]) in page

    assert "Nothing to be done" in output(snakemake(folder, "predict", config={"images": "new images"}))
    (folder / "new images/007.jpg").write_bytes(whole)
    done = snakemake(folder, "predict", config={"images": "new images"})
    assert done.returncode == 0, output(done)[-4000:]
    table = pd.read_csv(results / "predictions.csv", dtype={"image": str}).set_index("image")
    assert (table["status"] == "ok").all() and (table.loc["007", CLASSES] == table.loc[tested[0], CLASSES]).all()


def test_a_zip_by_a_named_model(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    shutil.make_archive(folder / "visit", "zip", folder / "images")
    named = "results/tiny/corrected/seed1/undersampled/resnet50/stage1"
    shutil.copytree(folder / named, folder / "elsewhere")
    config = {"images": "visit.zip", "predict": {"model": "elsewhere"}}
    done = snakemake(folder, "predict", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    table = pd.read_csv(folder / "results/predictions/visit/predictions.csv")
    assert len(table) == 97 and (table["status"] == "ok").sum() == 96
    done = snakemake(folder, "predict", config=config | {"classes": CLASSES[::-1]})
    assert done.returncode != 0 and "elsewhere was trained with `classes` ['MEL'" in output(done)
    assert "Traceback" not in output(done) and "rule train:" not in output(done)


def test_nothing_trained_yet(raw, tmp_path):
    shutil.copytree(raw, tmp_path, dirs_exist_ok=True)
    done = snakemake(tmp_path, "predict", config={"images": "images"})
    assert done.returncode != 0 and "Nothing was trained yet on tiny" in output(done)
    assert "Traceback" not in output(done) and not (tmp_path / "resources").exists()


def test_the_best_model_as_onnx(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    done = snakemake(folder, "export_onnx")
    assert done.returncode == 0, output(done)[-4000:]
    facts = read_json(folder / "results/tiny/best_model.json")
    assert facts["parity"]["largest_difference"] <= 1e-4 and facts["parity"]["images"] == 16
    assert facts["input"]["shape"] == ["images", 3, 32, 32] and facts["classes"] == CLASSES
    assert (folder / facts["model"] / "model.safetensors").exists()
    session = onnxruntime.InferenceSession(folder / "results/tiny/best_model.onnx")
    (computed,) = session.run(None, {facts["input"]["name"]: np.full((3, 3, 32, 32), 128, np.float32)})
    assert computed.shape == (3, 8) and np.allclose(computed.sum(1), 1, atol=1e-5)
