"""The model that is used for new images, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import BACKBONE, RECORD

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
from lesionflow.files import InputError, write_json
from lesionflow.lists import read_results
from lesionflow.report.sections.best import headlines

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
    record = {key: value for key, value in (RECORD | changes).items() if value is not ...}
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
    assert choose_model(".", "tiny", None) == (folder, RECORD)
    assert choose_model(".", "untrained", "elsewhere") == ("elsewhere", RECORD)
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
    check_fit("folder", RECORD, **FITTING)
    check_fit("folder", RECORD, **FITTING | {"resize": {"another": "nearest"}})
    with pytest.raises(InputError, match=message):
        check_fit("folder", RECORD, **FITTING | changes)


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
    assert warnings(RECORD) == []
    assert warnings(RECORD | {"drawn": True, "leaky": True}) == [DRAWN, LEAKY]
    before = {key: value for key, value in RECORD.items() if key != "drawn"}
    assert warnings(before) == [] and warnings(before | {"collection": "demo"}) == [DRAWN]
