"""The workflow itself: one whole run, what a second run does, and what bad input does to it."""

import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import CLASSES, ENVIRONMENT, REPOSITORY, SNAKEMAKE, jpeg, output, snakemake

from lesionflow.files import file_digest, read_json

LADDER = {
    "split_rung", "find_external_duplicates", "share_training", "predict_rung", "predict_external", "evaluate_rung",
    "evaluate_external", "tabulate_ladder", "plot_ladder",
}  # fmt: skip
ELSEWHERE = {  # of splits made elsewhere
    "audit_foreign_split", "check_foreign_split", "pack_foreign_images", "find_foreign_duplicates",
    "fetch_public_split", "audit_public_splits",
}  # fmt: skip
OFFICIAL = {"choose_official", "extract_features", "write_submission", "score_official", "generate_demo_test"}
PREDICT = {"choose_model", "pack_new_images", "predict_images", "write_prediction_page", "write_onnx", "write_folders"}


@pytest.fixture
def inputs(raw, tmp_path) -> Path:
    return shutil.copytree(raw, tmp_path / "inputs")


def test_everything_is_made(run):
    results = run / "results/tiny"
    manifest = pd.read_csv(results / "manifest.csv")
    split = pd.read_csv(results / "corrected/seed1/split.csv")
    assert len(manifest) == len(split) == 96
    parts = manifest.assign(part=split["part"])
    assert parts[parts["part"] != "unused"].groupby("lesion")["part"].nunique().max() == 1
    assert pd.read_csv(results / "rejected.csv")["image"].tolist() == ["ISIC_9999999"]
    models = sorted(results.glob("corrected/seed1/*/*/stage*/metrics.json"))
    assert len(models) == 12
    for path in models:
        metrics = read_json(path)
        assert metrics["test"]["images"] == (split["part"] == "test").sum()
        predictions = pd.read_csv(path.with_name("test.csv"))
        assert list(predictions.columns[1:]) == ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]
        assert predictions.iloc[:, 1:].sum(axis=1).sub(1).abs().max() < 1e-4
        assert not path.with_name("resume.pt").exists()
    table = pd.read_csv(results / "tables/table_4_1.csv")
    assert len(table) == 12
    row = table[(table["backbone"] == "resnet50") & (table["stage"] == 2) & (table["dataset"] == "smote")].iloc[0]
    metrics = read_json(results / "corrected/seed1/smote/resnet50/stage2/metrics.json")
    assert row["balanced_accuracy"] == pytest.approx(metrics["test"]["balanced_accuracy"])
    assert row["specificity_macro"] == pytest.approx(metrics["test"]["specificity_macro"])
    assert (results / "report.html").stat().st_size > 10_000


def test_the_graph_in_the_documents_is_that_of_the_workflow(tmp_path):
    config = REPOSITORY / "config/demo.yaml"
    command = [*SNAKEMAKE, "results/demo/tables/table_4_1.csv", "--rulegraph", "mermaid-js", "--configfile", config]
    drawn = subprocess.run([*command, "--directory", tmp_path], capture_output=True, text=True, check=True).stdout
    rule = dict(re.findall(r"(id\d+)\[(\w+)\]", drawn))
    edges = {(rule[start], rule[end]) for start, end in re.findall(r"(id\d+) --> (id\d+)", drawn)}
    shown = (REPOSITORY / "docs/architecture.md").read_text().partition("```mermaid")[2].partition("```")[0]
    assert set(re.findall(r"(\w+) --> (\w+)", shown)) == edges


def test_every_rule_logged(run):
    logs = {path.relative_to(run / "logs").parts[0] for path in (run / "logs").rglob("*.log")}
    rules = snakemake(run, "--list-rules").stdout.split()
    targets = {
        "all",
        "report",
        "thesis",
        "audit_split",
        "ladder",
        "official",
        "search",
        "predict",
        "export_onnx",
        "preflight",
        "export_folders",
        "plan_study",
        "propose",
        "audit_register",
    }
    not_needed = {"generate_demo", "download_file", "fetch_weights", "pool_folds", *ELSEWHERE}
    expected = set(rules) - targets - not_needed - {*LADDER, *OFFICIAL, *PREDICT}
    assert expected <= {Path(log).stem for log in logs}
    train = (run / "logs/train/tiny/corrected/seed1/smote/resnet50/stage1.log").read_text()
    assert "Computing on " in train and "Reading copies in " in train


def test_the_report_shows_the_figures_of_the_thesis(run):
    """That all are made is in test_thesis.py."""
    page = (run / "results/tiny/report.html").read_text()
    numbers = ["1.1", *(f"3.{number}" for number in range(1, 26)), "4.1"]
    assert [number for number in numbers if f'alt="Figure {number}: ' not in page] == []


def test_a_second_run_has_nothing_to_do(run):
    assert "Nothing to be done" in output(snakemake(run))


def test_snakemakes_own_report_has_every_figure_and_table(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    done = snakemake(folder, "--report", tmp_path / "report.zip")
    assert done.returncode == 0, output(done)[-4000:]
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        assert archive.testzip() is None
        shown = Counter(Path(name).name for name in archive.namelist())
    results = run / "results/tiny"
    made = [*results.glob("figures/**/*.svg"), *results.glob("tables/**/*.html")]
    assert len(made) > 40 and shown["report.html"] == 1
    assert Counter(path.name for path in made) - shown == Counter()


def test_weights_pass_from_stage_to_stage(run):
    from safetensors.torch import load_file

    folder = run / "results/tiny/corrected/seed1/undersampled/efficientnet_lite0"
    stem = [load_file(folder / f"stage{stage}/model.safetensors")["backbone.conv_stem.weight"] for stage in (1, 2, 3)]
    assert (stem[0] == stem[1]).all() and not (stem[1] == stem[2]).all()
    first = pd.read_csv(folder / "stage1/history.csv")
    assert len(first) == 2 and list(first.columns[:2]) == ["epoch", "loss"]


def test_a_killed_training_job_resumes_to_the_same_bytes(run, tmp_path):
    """SIGKILL on the training process and on Snakemake, then the same command, which unlocks the folder."""
    folder = tmp_path / "killed"
    shutil.copytree(run, folder)
    config = {"protocols": {"corrected": {"stages": {"efficientnet_lite0": {1: {"epochs": 40}}}}}}
    stage = Path("results/tiny/corrected/seed1/undersampled/efficientnet_lite0/stage1")
    assert snakemake(folder, stage / "model.safetensors", config=config).returncode == 0
    expected = [(folder / stage / name).read_bytes() for name in ("model.safetensors", "history.csv")]
    shutil.rmtree(folder / stage)
    command = [*SNAKEMAKE, stage / "model.safetensors", "--cores", "2", "--directory", folder, "--configfile"]
    command += [REPOSITORY / "tests/config/config.yaml", folder / "changes.yaml"]
    # A session of its own, so that one signal reaches Snakemake and its job and nobody else.
    job = subprocess.Popen([str(word) for word in command], env=ENVIRONMENT, start_new_session=True, cwd=folder)
    deadline = time.monotonic() + 120
    while not (folder / stage / "resume.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(job.pid, signal.SIGSTOP)
    refused = snakemake(folder, stage / "model.safetensors", config=config)
    assert refused.returncode != 0 and "Directory cannot be locked" in output(refused)
    assert "Another run is active in this folder" in output(refused)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    assert (folder / stage / "resume.pt").exists() and not (folder / stage / "model.safetensors").exists()
    done = snakemake(folder, stage / "model.safetensors", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    assert "was killed: the lock is removed, and work continues" in output(done)
    log = (folder / "logs/train/tiny/corrected/seed1/undersampled/efficientnet_lite0/stage1.log").read_text()
    assert "resuming after epoch" in log
    assert [(folder / stage / name).read_bytes() for name in ("model.safetensors", "history.csv")] == expected
    assert not (folder / stage / "resume.pt").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"imagesize": 64}, "'imagesize' was unexpected"),
        ({"protocols": {"corrected": {"split": {"tests": 5}}}}, "protocols.corrected.split"),
        ({"image_size": "big"}, "image_size: 'big' is not of type 'integer'"),
        ({"collection": "nothing"}, "'nothing' is not one of `collections`"),
        ({"run": {"backbones": ["resnet5"]}}, "'resnet5' is not one of `backbones`"),
        ({"datasets": {"smote": {"oversample": "magic"}}}, "'magic' is not one of ['smote']"),
        ({"protocols": {"mine": {"like": "correct"}}}, "at $.protocols.mine.like: 'correct' is not one of `protocols`"),
        ({"search": {"optimizers": ["lion"]}}, "'lion' is not one of ['adam', 'sgd', 'rmsprop']"),
        ({"ladder": {"rungs": ["random"]}}, "'random' is not one of ['as_published', 'random_split'"),
        ({"ladder": {"rungs": ["corrected"], "backbone": "vgg"}}, "'vgg' is not one of `backbones`"),
    ],
)
def test_a_wrong_config_is_refused_at_once(inputs, config, message):
    done = snakemake(inputs, "--dry-run", config=config)
    assert done.returncode != 0 and message in output(done)
    assert "Traceback" not in output(done)


def test_a_wrong_label_stops_before_anything_costs_time(inputs):
    table = pd.read_csv(inputs / "labels.csv")
    table.loc[3, "MEL"] = table.loc[3, "NV"] = 1
    table.to_csv(inputs / "labels.csv", index=False)
    done = snakemake(inputs)
    assert done.returncode != 0 and "labels.csv row 5 (ISIC_0000003) has 2 labels" in output(done)
    assert "Traceback" not in output(done)
    assert not list(inputs.glob("results/tiny/*.csv")) and not list(inputs.glob("results/tiny/corrected/**/*.csv"))


def test_classes_too_small_say_what_to_change(inputs):
    training = "results/tiny/corrected/seed1/smote/training.csv"
    done = snakemake(inputs, training, config={"datasets": {"smote": {"k_neighbors": 8}}})
    assert "needs at least 9: lower `k_neighbors`" in output(done) and "Traceback" not in output(done)
    table = pd.read_csv(inputs / "labels.csv")
    table[(table["DF"] == 0) | (table.groupby("DF").cumcount() < 2)].to_csv(inputs / "labels.csv", index=False)
    done = snakemake(inputs, training)
    assert "Class DF (2 images) is too small for this split" in output(done) and "Traceback" not in output(done)


def test_a_leaking_split_is_refused_unless_it_says_so(inputs):
    by_image = {"split": {"method": "by_image"}}
    model = "results/tiny/corrected/seed1/undersampled/resnet50/stage1/model.safetensors"
    done = snakemake(inputs, model, config={"protocols": {"corrected": by_image}})
    assert done.returncode != 0 and "share lesion with training (ISIC_" in output(done)
    assert "leaky: true" in output(done) and "Traceback" not in output(done)
    assert not (inputs / model).exists()
    leakage = "results/tiny/corrected/seed1/leakage.json"
    done = snakemake(inputs, leakage, config={"protocols": {"corrected": by_image | {"leaky": True}}})
    assert done.returncode == 0, output(done)[-2000:]
    result = read_json(inputs / leakage)
    assert result["leaky"] and result["test"]["sharing"]["lesion"] > 0


def test_the_published_protocol_tests_on_training_images(tmp_path):
    stages = {1: {"epochs": 1}, 2: {"epochs": 1}, 3: {"epochs": 1}}
    config = {
        "collection": "demo",
        "run": {"protocols": ["as_published"], "backbones": ["resnet50"]},
        "protocols": {
            "as_published": {
                "split": {"test": 4, "valid": 3},
                "unfreeze": {"resnet50": ["layer4"]},
                "stages": {"resnet50": stages},
            }
        },
    }
    models = Path("results/demo/as_published/seed1/smote/resnet50")
    done = snakemake(tmp_path, models / "stage1/metrics.json", models / "stage2/metrics.json", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    assert read_json(tmp_path / models / "stage1/model.json")["drawn"]
    leakage = read_json(tmp_path / "results/demo/as_published/seed1/leakage.json")
    assert leakage["leaky"] and leakage["test"]["sharing"]["file"] == leakage["test"]["images"] == 32
    metrics = read_json(tmp_path / models / "stage2/metrics.json")
    assert metrics["test"]["images_sharing"] == 32
    cards = [read_json(tmp_path / models / f"stage{stage}/model.json") for stage in (1, 2)]
    assert cards[0]["settings"]["augmentation"] and not cards[1]["settings"]["augmentation"]
    assert not any(name.endswith("stage1/model.safetensors") for name in cards[1]["inputs"])
    assert cards[0]["backbone_settings"]["std"] == [0.5] * 3 and cards[0]["settings"]["keep"] == "last"
    assert (tmp_path / "resources/demo/packed32nearest/000.npy").exists()
    (tmp_path / "resources/demo/ISIC_demo_Input.zip").unlink()  # packed images need no others
    assert "Nothing to be done" in output(snakemake(tmp_path, models / "stage2/metrics.json", config=config))


def test_the_ladder_and_a_collection_from_elsewhere(run, tmp_path):
    """The other collection is the same one again: the audit must find that all that was trained on is in it."""
    folder = tmp_path / "ladder"
    shutil.copytree(run, folder)
    same = {"images": "images", "labels": "labels.csv", "metadata": "metadata.csv", "shards": 1}
    absent = {"images": "nowhere.zip", "labels": "nowhere.csv"}
    config = {
        "collections": {"again": same, "absent": absent},
        "ladder": {
            "rungs": ["as_published", "random_split", "corrected"],
            "backbone": "resnet50",
            "external": ["again", "absent"],
        },
    }
    done = snakemake(folder, "ladder", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    table = pd.read_csv(folder / "results/tiny/tables/ladder.csv").set_index("rung")
    leaky = {"as_published": True, "random_split": True, "corrected": False, "again": True}
    assert table["leaky"].to_dict() == leaky and list(table.index) == list(leaky)
    # Their training images are the same: one training, on the list for the one dataset of the ladder.
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", output(done), re.MULTILINE))
    assert (jobs["train"], jobs["share_training"], jobs["balance"], jobs["predict_rung"]) == ("3", "2", "3", "3")
    assert table["clean_balanced_accuracy"].iloc[:3].nunique() == 1
    for stage in (1, 2, 3):
        models = [folder / f"results/tiny/ladder_{rung}/seed1/undersampled/resnet50/stage{stage}" for rung in leaky][:3]
        assert len({file_digest(model / "model.safetensors") for model in models}) == 1
        cards = [read_json(model / "model.json") for model in models]
        assert [(card["protocol"], card["leaky"]) for card in cards] == [
            (f"ladder_{rung}", leaky[rung]) for rung in list(leaky)[:3]
        ]
    assert table["training_images"].nunique() == 1 and (table["clean_images"] == 16).all()
    own = table.loc["corrected"]
    assert own["test_balanced_accuracy"] == own["clean_balanced_accuracy"] and own["test_images_sharing"] == 0
    split = pd.read_csv(folder / "results/tiny/ladder_corrected/seed1/split.csv")
    manifest = pd.read_csv(folder / "results/tiny/manifest.csv").merge(split[split["part"] == "train"])
    lesions = pd.read_csv(folder / "results/tiny/manifest.csv")["lesion"]
    assert table.loc["again", "test_images_sharing"] == lesions.isin(manifest["lesion"]).sum()
    assert (folder / "results/tiny/figures/ladder.svg").exists()
    assert {path.name for path in (folder / "logs").iterdir()} >= LADDER


def test_the_official_test(run, tmp_path):
    """Of sixteen images of the collection that are there again, and of two that no model knows."""
    folder = shutil.copytree(run, tmp_path / "official")
    names = [f"ISIC_{number:07d}" for number in range(8, 24)] + ["ISIC_1000000", "ISIC_1000001"]
    (folder / "test").mkdir()
    random = np.random.default_rng(1)  # the collection is drawn with 0
    for name in names:
        image = folder / f"images/{name}.jpg"
        (folder / f"test/{name}.jpg").write_bytes(image.read_bytes() if image.exists() else jpeg(random))
    labels = pd.read_csv(folder / "labels.csv").set_index("image").reindex(names, fill_value=0).assign(UNK=0)
    labels.iloc[-2:, -1] = 1
    labels.to_csv(folder / "truth.csv")
    other = {"images": "test", "labels": "truth.csv", "shards": 1, "ignore_classes": ["UNK"]}
    unknown = {"score": "nearest_neighbours", "threshold": "leave_one_out"}
    config = {"collections": {"other": other}, "official": {"collection": "other", "unknown": unknown}}
    done = snakemake(folder, "official", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    found = read_json(folder / "results/tiny/official/official_score.json")
    assert found["images"] == 18 and found["images_unknown"] == 2
    split = pd.read_csv(folder / "results/tiny/{protocol}/seed{seed}/split.csv".format(**found["model"]))
    split = split.set_index("image")
    assert found["sharing"]["sharing"]["file"] == (split["part"].reindex(names) == "train").sum() > 0
    submission = pd.read_csv(folder / "results/tiny/official/submission.csv").set_index("image")
    assert list(submission) == [*CLASSES, "UNK"] and sorted(submission.index) == names
    assert submission.sum(axis=1).to_numpy() == pytest.approx(1)
    # The same network on the same images as in its own test.
    model = "{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}".format(**found["model"])
    own = pd.read_csv(folder / f"results/tiny/{model}/test.csv").set_index("image")
    both = own.index.intersection(names)
    without = pd.read_csv(folder / "results/tiny/official/submission_without_unknown.csv").set_index("image")
    assert len(both) and without.loc[both, CLASSES].to_numpy() == pytest.approx(own.loc[both].to_numpy(), abs=0.01)
    assert {path.name for path in (folder / "logs").iterdir()} >= OFFICIAL - {"generate_demo_test"}


def test_bad_images_can_stop_the_run(inputs):
    (inputs / "images/ISIC_0000000.jpg").write_bytes(b"")
    done = snakemake(inputs, "results/tiny/manifest.csv", config={"on_bad_image": "fail"})
    assert "the first is ISIC_0000000" in output(done) and "on_bad_image: reject" in output(done)
    assert not (inputs / "results/tiny/manifest.csv").exists()


def test_contradicting_labels_stop_the_run_and_are_listed(inputs):
    metadata = pd.read_csv(inputs / "metadata.csv")
    metadata.loc[metadata["lesion_id"] == "HAM_0000001", "lesion_id"] = "HAM_0000000"
    metadata.to_csv(inputs / "metadata.csv", index=False)
    done = snakemake(inputs, "results/tiny/manifest.csv")
    assert "1 lesions or pictures have more than one class, the first is lesion HAM_0000000" in output(done)
    assert "on_conflict: drop" in output(done) and "Traceback" not in output(done)
    conflicts = pd.read_csv(inputs / "results/tiny/conflicts.csv")
    assert conflicts["label"].tolist() == ["MEL", "MEL", "NV", "NV"] and set(conflicts["kind"]) == {"lesion"}
    done = snakemake(inputs, "results/tiny/manifest.csv", config={"on_conflict": "drop"})
    assert done.returncode == 0, output(done)[-2000:]
    assert set(pd.read_csv(inputs / "results/tiny/rejected.csv")["image"]) >= set(conflicts["image"])


def test_missing_images_can_be_skipped(inputs):
    (inputs / "images/ISIC_0000000.jpg").unlink()
    done = snakemake(inputs, "results/tiny/manifest.csv")
    assert "1 of 96 label rows have no image, the first is ISIC_0000000" in output(done)
    done = snakemake(inputs, "results/tiny/manifest.csv", config={"on_missing_image": "skip"})
    assert done.returncode == 0, output(done)[-2000:]
    rejected = pd.read_csv(inputs / "results/tiny/rejected.csv")
    assert rejected.to_dict("records") == [{"image": "ISIC_0000000", "reason": "no image file"}]


@pytest.mark.skipif(
    not (REPOSITORY.parent / "shared/isic_sample").is_dir(), reason="the sample of real ISIC 2019 images is not here"
)
def test_real_isic_images(tmp_path):
    sample = REPOSITORY.parent / "shared/isic_sample"
    files = {
        "images": "ISIC_2019_Training_Input",
        "labels": "ISIC_2019_Training_GroundTruth.csv",
        "metadata": "ISIC_2019_Training_Metadata.csv",
    }
    config = {"collections": {"tiny": {key: str(sample / name) for key, name in files.items()}}}
    done = snakemake(tmp_path, "results/tiny/corrected/seed1/smote/training.csv", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    manifest = pd.read_csv(tmp_path / "results/tiny/manifest.csv")
    counts = {"NV": 273, "MEL": 195, "BKL": 193, "BCC": 163, "SCC": 93, "VASC": 70, "AK": 70, "DF": 61}
    assert manifest["label"].value_counts().to_dict() == counts
    assert manifest["group"].nunique() <= 780 + 4  # lesions, and four images without one
