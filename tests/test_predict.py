"""New images: the right model, refused where it does not fit; every file in the table; the page; ONNX."""

import html
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
from helpers import CLASSES, REPOSITORY, output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from lesionflow.evaluation import onnx_export
from lesionflow.evaluation.best_model import (
    DRAWN,
    LEAKY,
    best_model,
    check_fit,
    choose_model,
    model_folder,
    read_record,
    warnings,
)
from lesionflow.evaluation.predictions import check_source, prediction_table, readable, set_name, source_of, summary
from lesionflow.files import InputError, listing_digest, read_json, write_json
from lesionflow.lists import read_packed, read_predictions, read_results, write_probabilities, write_table
from lesionflow.report import prediction_page
from lesionflow.report.sections.best import headlines

NAMES = {"MEL": "melanoma", "NV": "melanocytic naevus"}
BACKBONE = {
    "library": "torchvision",
    "architecture": "resnet50",
    "weights": "none",
    "mean": [0.5, 0.5, 0.5],
    "std": [1, 0.2, 0.2],
}
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
    "drawn": False,
    "backbone_settings": BACKBONE,
}
TABLE = "results/tiny/tables/table_4_1.csv"
FITTING = {
    "classes": CLASSES,
    "image_size": 32,
    "resize": {"corrected": "antialiased"},
    "backbones": {"resnet50": "torchvision resnet50"},
}


def table_4_1(rows: list[dict]) -> pd.DataFrame:
    """Table 4.1 of models and seeds, as far as choosing needs it."""
    names = {"protocol": "corrected", "dataset": "smote", "backbone": "resnet50", "weights": "none", "stage": 3}
    names |= {"published_as": "resnet50v2"}
    test = {"balanced_accuracy": 0.5, "balanced_accuracy_low": 0.4, "balanced_accuracy_high": 0.6, "images": 9}
    return pd.DataFrame([names | {"seed": 1, "models": 1, "leaky": False} | test | row for row in rows])


def seeds(backbone: str, *valid: float, **more) -> list[dict]:
    """Rows of one model with so many seeds."""
    return [
        {"backbone": backbone, "seed": number, "valid_balanced_accuracy": value} | more
        for number, value in enumerate(valid, 1)
    ]


@pytest.mark.parametrize(
    ("rows", "backbone", "seed"),
    [
        (seeds("lucky", 0.9, 0.1, 0.1) + seeds("steady", 0.5, 0.52, 0.54), "steady", 2),  # the mean, not the luckiest
        (seeds("even", 0.4, 0.2), "even", 1),  # both are as near to the mean: the lowest
        (seeds("even", 0.2, 0.4, 0.1, 0.5)[::-1], "even", 1),  # whatever their order
        (seeds("same", 0.3, 0.1, 0.2) + seeds("again", 0.1, 0.2, 0.3), "same", 3),  # equals: the first
        (seeds("diverged", 0.9, np.nan) + seeds("other", 0.2, 0.2), "other", 1),
        (seeds("leaky", 0.9, leaky=True, protocol="x") + seeds("honest", 0.2), "honest", 1),
    ],
)
def test_the_best_model(rows, backbone, seed):
    best = best_model(table_4_1(rows))
    assert (best["backbone"], best["seed"]) == (backbone, seed)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (seeds("leaky", 0.9, leaky=True), "Every model was trained under a protocol that leaks"),
        (seeds("diverged", np.nan), "No model has a balanced accuracy on validation images"),
    ],
)
def test_no_model_is_the_best(rows, message):
    with pytest.raises(InputError, match=message):
        best_model(table_4_1(rows))


@st.composite
def tables(draw) -> pd.DataFrame:
    """Table 4.1 of some protocols, leaking or not, each with the same models and seeds, in any order; with ties."""
    values = st.sampled_from([0.1, 0.2, 0.3, 0.30000000000000004, 0.7]) | st.floats(0, 1) | st.just(np.nan)
    rows = []
    for protocol in range(draw(st.integers(1, 3))):
        leaky = draw(st.booleans())
        for backbone in ("a", "b"):
            valid = draw(st.lists(values, min_size=3, max_size=3))
            rows += seeds(backbone, *valid, protocol=f"p{protocol}", leaky=leaky)
    return table_4_1(draw(st.permutations(rows))).reset_index(drop=True)


@settings(deadline=None)
@given(tables())
def test_report_predict_and_export_name_the_same_model(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("best")
    table.to_csv(folder / "table.csv", index=False)
    table = read_results(folder / "table.csv")
    means = table.groupby(["protocol", "leaky", "backbone"])["valid_balanced_accuracy"].mean(skipna=False)
    try:
        used = [best for best in headlines(table) if best["used"]]
        best = best_model(table)
    except InputError:
        honest = means[~means.index.get_level_values("leaky")]
        assert honest.isna().all() or means.isna().groupby("protocol").all().any()
        return
    assert not best["leaky"]
    assert best["valid_balanced_accuracy"] >= 0
    (headline,) = used
    keys = ["protocol", "backbone", "weights", "stage", "dataset", "seed"]
    assert [headline[key] for key in keys] == [best[key] for key in keys]
    mean = means[best["protocol"], False, best["backbone"]]
    assert mean == pytest.approx(means.xs(False, level="leaky").max())
    same = table[(table["protocol"] == best["protocol"]) & (table["backbone"] == best["backbone"])]
    nearest = (same["valid_balanced_accuracy"] - mean).abs().min()
    assert abs(best["valid_balanced_accuracy"] - mean) == pytest.approx(nearest)


def trained(folder: Path, **changes) -> str:
    """A folder that looks like a trained model, its record changed; a value of ... takes the key out."""
    record = {key: value for key, value in (CARD | changes).items() if value is not ...}
    write_json(folder / "model.json", record)
    (folder / "model.safetensors").touch()
    return str(folder)


def test_the_model_is_found_or_what_is_missing_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="No images are given"):
        choose_model(None, "tiny", None)
    with pytest.raises(InputError, match="No images are given"):
        choose_model("", "tiny", None)
    with pytest.raises(InputError, match=r"There is no folder or \.zip nowhere"):
        choose_model("nowhere", "tiny", None)
    with pytest.raises(InputError, match="Nothing has been trained yet on tiny"):
        choose_model(".", "tiny", None)
    table = Path("results/tiny/tables/table_4_1.csv")
    table.parent.mkdir(parents=True)
    table_4_1(seeds("resnet50", 0.2, 0.4, 0.3) + seeds("resnet50", 0.9, leaky=True, protocol="x")).to_csv(table)
    folder = "results/tiny/corrected/seed3/smote/resnet50/stage3"
    with pytest.raises(InputError, match=r"seed3.* has no model\.safetensors and no model\.json"):
        choose_model(".", "tiny", None)
    for place in (folder, "elsewhere"):
        trained(Path(place))
    assert choose_model(".", "tiny", None) == (folder, CARD)
    assert choose_model(".", "untrained", "elsewhere") == ("elsewhere", CARD)
    assert model_folder("tiny", read_results(table).iloc[2]) == folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": CLASSES[::-1]}, r"trained with `classes` \['MEL', .*, but the config says \['SCC', "),
        ({"classes": CLASSES[:7]}, "trained with `classes`"),
        ({"image_size": 64}, "trained with `image_size` 32, but the config says 64"),
        ({"resize": {"corrected": "nearest"}}, "trained with `resize` antialiased, but the config says nearest"),
        ({"backbones": {"vgg16": "x vgg16"}}, r"the backbone 'resnet50', which is not one of `backbones` \(vgg16\)"),
        (
            {"backbones": {"resnet50": "timm resnet50"}},
            "with `architecture` torchvision resnet50, but the config says timm",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused(changes, message):
    check_fit("folder", CARD, **FITTING)
    check_fit("folder", CARD, **FITTING | {"resize": {"another": "nearest"}})
    with pytest.raises(InputError, match=message):
        check_fit("folder", CARD, **FITTING | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": ..., "resize": ...}, r"model\.json lacks image_size, resize: train the model again"),
        ({"stage": ...}, "lacks stage"),
        ({"backbone": 5}, r"is wrong at \$\.backbone \(5 is not of type 'string'\)"),
        ({"leaky": "no"}, r"is wrong at \$\.leaky"),
        ({"drawn": 1}, r"is wrong at \$\.drawn"),
        ({"classes": [*CLASSES, "MEL"]}, r"is wrong at \$\.classes .*has non-unique elements"),
        ({"classes": "MEL"}, r"is wrong at \$\.classes"),
        ({"classes": [1, 2]}, r"is wrong at \$\.classes"),
        ({"image_size": -32}, r"is wrong at \$\.image_size \(-32 is less than the minimum of 1\)"),
        ({"image_size": "32"}, r"is wrong at \$\.image_size"),
        ({"image_size": 32.0}, "trained with `image_size` 32.0, but the config says 32"),
        ({"image_size": 10**100}, "trained with `image_size` 1000"),
        ({"resize": "cubic"}, r"is wrong at \$\.resize"),
        ({"backbone_settings": None}, r"is wrong at \$\.backbone_settings"),
        ({"backbone_settings": {}}, r"\('library' is a required property\)"),
        ({"backbone_settings": {**BACKBONE, "mean": [0.5]}}, r"is wrong at \$\.backbone_settings\.mean"),
        ({"backbone_settings": {**BACKBONE, "mean": ["a", "b", "c"]}}, r"is wrong at \$\.backbone_settings\.mean"),
        ({"backbone_settings": {**BACKBONE, "std": [0, 1, 1]}}, r"is wrong at \$\.backbone_settings\.std"),
        ({"backbone_settings": {**BACKBONE, "std": [10**400, 1, 1]}}, r"is wrong at \$\.backbone_settings\.std"),
        ({"backbone_settings": {**BACKBONE, "std": [float("nan"), 1, 1]}}, r"is not JSON \(NaN is not a number\)"),
        (
            {"backbone_settings": {**BACKBONE, "library": "timm", "architecture": "hf-hub:evil/model"}},
            "trained with `architecture` timm hf-hub:evil/model, but the config says torchvision resnet50",
        ),
        ({"backbone": "x" * 9999}, "has the backbone 'x{100}"),
        ({"backbone": "../../x"}, "has the backbone '../../x', which is not one of"),
    ],
)
def test_a_strangers_record_is_refused_in_one_sentence(tmp_path, changes, message):
    folder = trained(tmp_path, **changes)
    with pytest.raises(InputError, match=message) as refused:
        check_fit(folder, read_record(folder), **FITTING)
    assert len(str(refused.value)) < 900 and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"seed": ' + b"1" * 5000 + b"}"])
def test_a_record_that_is_not_json_is_refused(tmp_path, text):
    (tmp_path / "model.json").write_bytes(text)
    with pytest.raises(InputError, match=r"model\.json is not JSON .*: name the folder of a trained model"):
        read_record(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"text"'])
def test_a_record_that_is_no_object_is_refused(tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(InputError, match="lacks backbone"):
        read_record(tmp_path)


def test_what_must_be_said_of_a_model():
    assert warnings(CARD) == []
    assert warnings(CARD | {"drawn": True, "leaky": True}) == [DRAWN, LEAKY]
    before = {key: value for key, value in CARD.items() if key != "drawn"}
    assert warnings(before) == [] and warnings(before | {"collection": "demo"}) == [DRAWN]


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


def gallery_page(count: int, broken: int, *warnings: str, **changes) -> Page:
    """The page of so many readable and broken images."""
    names = [f"<{number:03d}>" for number in range(count + broken)]
    files = pd.DataFrame({"image": names, "row": range(len(names)), "width": 60, "height": 40})
    files["status"] = ["ok"] * count + ["cannot be decoded: <cut>"] * broken
    probabilities = pd.DataFrame([[0.4, 0.3, 0.2, 0.05, 0.05, 0, 0, 0]] * count, columns=CLASSES)
    probabilities.insert(0, "image", names[:count])
    text = prediction_page.page(
        REPOSITORY / "workflow/report/prediction_page.html.j2",
        name="<new>",
        predictions=prediction_table(files, probabilities, NAMES),
        files=files,
        pixels=np.zeros((len(names), 32, 32, 3), np.uint8),
        card=CARD | {"folder": "results/x"} | changes,
        warnings=warnings,
        class_names=NAMES,
    )
    assert "<cut>" not in text and "<new>" not in text
    return Page(text)


def test_the_gallery_shows_the_first_pictures_and_three_classes_of_each():
    shown = gallery_page(203, 1)
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
    shown = gallery_page(2, 0, leaky=True)
    assert "LEAKY" in shown.text
    assert "2 images that could be read" in shown.text and "Files that could not be read" not in shown.text


def test_the_gallery_says_in_large_letters_what_must_be_said():
    shown = gallery_page(2, 0, DRAWN)
    assert shown.text.count(DRAWN) == 2
    assert [attributes.get("class") for _, attributes in shown.tags].count("notice warning") == 2
    assert not [tag for tag, attributes in gallery_page(2, 0).tags if "warning" in attributes.get("class", "")]


def test_a_thumbnail_has_the_shape_of_its_file():
    shape = prediction_page.thumbnail(np.zeros((32, 32, 3), np.uint8), 10, 4000)
    assert (shape["width"], shape["height"]) == (1, 200)


@pytest.mark.workflow
def test_onnx_computes_the_same_or_is_refused(tmp_path):
    torch.manual_seed(0)
    model = onnx_export.with_probabilities(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8)))
    onnx_export.write_onnx(model, 16, tmp_path / "model.onnx", {"notice": "Not a diagnosis."})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert session.get_modelmeta().custom_metadata_map == {"notice": "Not a diagnosis."}
    pixels = torch.randint(0, 256, (5, 3, 16, 16)).float()
    published = model(pixels).numpy() + np.linspace(0, 0.01, 8)
    found = onnx_export.parity(model, tmp_path / "model.onnx", pixels, published)
    assert found["largest_difference"] < 1e-6 and found["images"] == 5
    assert found["largest_difference_from_test_csv"] == pytest.approx(0.01, abs=1e-5)
    other = onnx_export.with_probabilities(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8)))
    with pytest.raises(ArithmeticError, match="onnxruntime and PyTorch differ by"):
        onnx_export.parity(other, tmp_path / "model.onnx", pixels, published)


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


def test_the_best_model_as_onnx(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    done = snakemake(folder, "export_onnx")
    assert done.returncode == 0, output(done)[-4000:]
    facts = read_json(folder / "results/tiny/best_model.json")
    assert facts["parity"]["largest_difference"] <= 1e-4 and facts["parity"]["images"] == 16
    assert facts["parity"]["largest_difference_from_test_csv"] <= 2e-2 and facts["warnings"] == []
    assert facts["model"] == model_folder("tiny", best_model(read_results(folder / TABLE)))
    assert facts["input"]["shape"] == ["images", 3, 32, 32] and facts["classes"] == CLASSES
    assert (folder / facts["model"] / "model.safetensors").exists()
    session = onnxruntime.InferenceSession(folder / "results/tiny/best_model.onnx")
    (computed,) = session.run(None, {facts["input"]["name"]: np.full((3, 3, 32, 32), 128, np.float32)})
    assert computed.shape == (3, 8) and np.allclose(computed.sum(1), 1, atol=1e-5)
