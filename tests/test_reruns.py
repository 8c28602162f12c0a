"""What is run again after an edit: what depends on it, and nothing else. Dry runs on a copy of a finished study."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from helpers import REPOSITORY, output, snakemake


def planned(folder: Path, repository: Path = REPOSITORY, config: dict | None = None) -> dict[str, int]:
    """The number of jobs of each rule that a dry run in `folder` plans."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules", config=config, repository=repository)
    assert done.returncode == 0, output(done)[-4000:]
    counts = re.findall(r"^(\w+) +(\d+)$", output(done), re.MULTILINE)
    return {rule: int(number) for rule, number in counts if rule not in ("total", "all")}


@pytest.fixture(scope="module")
def study(run, tmp_path_factory) -> Path:
    """A copy of the finished study, with its dates, for tests that change nothing in it."""
    return shutil.copytree(run, tmp_path_factory.mktemp("reruns") / "study", copy_function=shutil.copy2)


@pytest.fixture
def finished(run, tmp_path) -> Path:
    """A copy of its own, to change."""
    return shutil.copytree(run, tmp_path / "finished", copy_function=shutil.copy2)


@pytest.fixture
def clone(tmp_path) -> Path:
    """A fresh clone of the repository: every file is new."""
    folder = tmp_path / "clone"
    for name in ("workflow", "config", "profiles", "Snakefile", "tests/config"):
        source, copy = REPOSITORY / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, copy, ignore=ignore, copy_function=shutil.copy) if source.is_dir() else shutil.copy(
            source, copy
        )
    return folder


COMPARED = {"compare_models": 1, "plot_comparisons": 1}
PLANNED = {"tabulate_study_size": 1, "plot_study_size": 1}
ALL = COMPARED | {
    "train": 12, "plot_training": 2, "predict_parts": 4, "tabulate_costs": 1, "plot_examples": 2, "score": 4,
    "tabulate_results": 1, "plot_results": 1, "tabulate_run": 6, "number_results": 1, "write_report": 1,
}  # fmt: skip
ONE_BACKBONE = ALL | {
    "train": 6, "plot_training": 1, "predict_parts": 2, "plot_examples": 1, "score": 2, "tabulate_run": 3,
}  # fmt: skip
ONE_DATASET = ALL | {"train": 6, "predict_parts": 2}
OF_TRAINING_LISTS = {
    "audit_leakage": 1, "count_classes": 1, "plot_split": 1,
}  # fmt: skip
BALANCED = {"balance": 1, "plot_smote": 1} | OF_TRAINING_LISTS
SEARCHED = {"search_hyperparameters": 2, "plot_search": 2, "tabulate_search": 1}
SPLIT = ALL | BALANCED | SEARCHED | {"split_images": 1, "publish_splits": 1, "balance": 2, "plot_augmentation": 1}
MANIFEST = SPLIT | {"make_manifest": 1, "plot_collection": 1, "plot_duplicates": 1}
PACKED = MANIFEST | {
    "read_labels": 1, "pack_images": 2, "index_store": 1, "find_duplicates": 1, "find_conflicts": 1
}  # fmt: skip
REPORT = {"number_results": 1, "write_report": 1}
SCORED = {"score": 4, "plot_training": 2, "tabulate_results": 1, "plot_results": 1, "tabulate_run": 6} | REPORT


def corrected(**changes) -> dict:
    return {"protocols": {"corrected": changes}}


EDITS = {
    "nothing": ({}, {}),
    "where pixels are read from": ({"copy_store": False}, {}),
    "what preflight looks for": ({"preflight": {"gpu": True}}, {}),
    "a backbone that is not run": (
        {"backbones": {"new": {"library": "timm", "architecture": "vgg11", "weights": "none", "unfreeze": ["head"]}}}
        | corrected(stages={"new": {1: {"epochs": 1, "lr": 0.1}}}),
        {},
    ),
    "a protocol that is not run": ({"protocols": {"mine": {"like": "corrected", "leaky": True}}}, {}),
    "a dataset that is not run": ({"datasets": {"more": {"limit": 9}}}, {}),
    "a ladder that is not run": ({"ladder": {"archive": "MSK", "external": []}}, {}),
    "epochs of one stage of one backbone": (
        corrected(stages={"resnet50": {3: {"epochs": 2}}}),
        ONE_BACKBONE | {"train": 2},
    ),
    "epochs of the first stage": (corrected(stages={"efficientnet_lite0": {1: {"epochs": 3}}}), ONE_BACKBONE),
    "a learning rate of the second stage": (
        corrected(stages={"resnet50": {2: {"lr": 0.002}}}),
        ONE_BACKBONE | {"train": 4},
    ),
    "default stages that no backbone of the run takes": (
        corrected(
            stages={
                "default": {1: {"epochs": 9}},
                "efficientnet_lite0": {1: {"epochs": 2}},
                "resnet50": {1: {"epochs": 1}},
            }
        ),
        {},
    ),
    "the loss that it had by default": (
        {"datasets": {"smote": {"loss": "cross_entropy"}}} | corrected(loss="cross_entropy"),
        {"write_report": 1},  # it prints the config
    ),
    "what weights were trained on": (
        {"backbones": {"efficientnet_lite0": {"pretrained_on": "ImageNet-1k"}}},
        REPORT | {"tabulate_results": 1, "plot_results": 1, "tabulate_search": 1, "plot_model": 1},
    ),
    "patience": (corrected(patience=11), ALL),
    "test images": (corrected(split={"test": 1}), SPLIT | PLANNED),
    "one more dataset": (
        {"datasets": {"more": {"limit": 9}}, "run": {"datasets": ["undersampled", "smote", "more"]}},
        ONE_DATASET | BALANCED | {"score": 6},
    ),
    "one dataset less": (
        {"run": {"datasets": ["undersampled"]}},
        OF_TRAINING_LISTS | SCORED | COMPARED | {"score": 2, "tabulate_costs": 1, "plot_examples": 2},
    ),
    "one backbone less": (
        {"run": {"backbones": ["resnet50"]}},
        REPORT | COMPARED | {"tabulate_results": 1, "plot_results": 1, "tabulate_costs": 1, "tabulate_search": 1},
    ),
    "neighbours of SMOTE": ({"datasets": {"smote": {"k_neighbors": 3}}}, ONE_DATASET | BALANCED),
    "one more seed": ({"seeds": [1, 2]}, SPLIT),
    "epochs of the search": ({"search": {"epochs": 3}}, SEARCHED | REPORT),
    "modules that stage 2 trains": (
        {"backbones": {"efficientnet_lite0": {"unfreeze": ["conv_head"]}}},
        ONE_BACKBONE
        | {"search_hyperparameters": 1, "plot_search": 1, "tabulate_search": 1, "plot_model": 1, "plot_stages": 1},
    ),
    "a written-out class name": (
        {"class_names": {"MEL": "melanoma (any)"}},
        SCORED | {"plot_collection": 1, "plot_examples": 2},
    ),
    "the licence": ({"collections": {"tiny": {"licence": "other"}}}, SCORED),
    "which models are compared": ({"comparisons": {"contrasts": ["datasets"]}}, COMPARED | {"write_report": 1}),
    "the margin of comparisons": ({"comparisons": {"margin": 0.03}}, COMPARED | PLANNED | {"write_report": 1}),
    "near duplicates": ({"near_duplicates": {"distance": 3}}, MANIFEST | {"find_duplicates": 1, "find_conflicts": 1}),
}


@pytest.mark.parametrize(("config", "expected"), EDITS.values(), ids=EDITS)
def test_an_edit_of_the_config_reruns_what_depends_on_it(study, config, expected):
    assert planned(study, config=config) == expected


def replace_an_image(folder: Path) -> None:
    """The same name and date, another picture."""
    image = folder / "images/ISIC_0000000.jpg"
    dates = os.stat(image)
    shutil.copyfile(folder / "images/ISIC_0000001.jpg", image)
    os.utime(image, ns=(dates.st_atime_ns, dates.st_mtime_ns - 10**12))


def add_an_image_in_a_folder_below(folder: Path) -> None:
    (folder / "images/new").mkdir()
    shutil.copy2(folder / "images/ISIC_0000000.jpg", folder / "images/new/ISIC_1000000.jpg")
    os.utime(folder / "images", (0, 0))


def remove_an_image(folder: Path) -> None:
    (folder / "images/ISIC_9999999.jpg").unlink()
    os.utime(folder / "images", (0, 0))


def restore_older_labels(folder: Path) -> None:
    """As `cp -p` from a backup does."""
    labels = pd.read_csv(folder / "labels.csv")
    labels[:-1].to_csv(folder / "labels.csv", index=False)
    os.utime(folder / "labels.csv", (0, 0))


def restore_older_metadata(folder: Path) -> None:
    metadata = folder / "metadata.csv"
    metadata.write_text(metadata.read_text().replace("HAM_0000000", "HAM_0000001"))
    os.utime(metadata, (0, 0))


def save_labels_unchanged(folder: Path) -> None:
    os.utime(folder / "labels.csv")


def remove_all_images(folder: Path) -> None:
    """They were packed: who needs room may take them away."""
    shutil.rmtree(folder / "images")


FILES = {
    remove_all_images: {},
    replace_an_image: PACKED,
    add_an_image_in_a_folder_below: PACKED,
    remove_an_image: PACKED,
    restore_older_labels: MANIFEST | PLANNED | {"read_labels": 1, "find_conflicts": 1},
    restore_older_metadata: MANIFEST | PLANNED | {"read_labels": 1, "find_conflicts": 1},
    save_labels_unchanged: {},
}


@pytest.mark.parametrize(("edit", "expected"), FILES.items(), ids=lambda edit: getattr(edit, "__name__", ""))
def test_files_that_change_are_noticed(finished, edit: Callable[[Path], None], expected):
    edit(finished)
    assert planned(finished) == expected


def test_a_fresh_clone_has_nothing_to_do(study, clone):
    assert planned(study, clone) == {}


def test_a_moved_folder_has_nothing_to_do(finished, clone, tmp_path):
    moved = finished.rename(tmp_path / "elsewhere")
    assert planned(moved, clone.rename(tmp_path / "there")) == {}


def edit_code(clone: Path, file: str, old: str, new: str) -> None:
    path = clone / "workflow" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


CODE = {
    "a comment": ("scripts/lesionflow/files.py", "import os\n", "import os  # of the system\n", {}),
    "a docstring": ("scripts/lesionflow/files.py", '"""Return the SHA-256 of', '"""Return the digest (SHA-256) of', {}),
    "a blank line": ("scripts/train.py", "\n\ndef main", "\n\n\ndef main", {}),
    "a module that a script imports": (
        "scripts/lesionflow/report/tables/costs.py",
        '"cpu"',
        '"processor"',
        {"tabulate_costs": 1, "write_report": 1},
    ),
    "a template": (
        "scripts/lesionflow/report/tables/table.html.j2",
        "</tr>",
        "</tr >",
        {
            "tabulate_costs": 1,
            "tabulate_metrics": 1,
            "tabulate_results": 1,
            "plot_results": 1,
            "tabulate_run": 6,
            "tabulate_search": 1,
        }
        | COMPARED
        | PLANNED
        | REPORT,
    ),
    "the gate": (
        "scripts/lesionflow/splits/audit.py",
        "images share {kinds} with training",
        "images have {kinds} in common with training",
        {"audit_leakage": 1, "plot_split": 1, "plot_duplicates": 1} | SCORED,
    ),
    "a caption": ("report/classes.rst", "", " ", {"write_report": 1}),
    "a number of the thesis": (
        "resources/thesis_numbers.yaml",
        "0.94",
        "0.95",
        {"tabulate_results": 1, "plot_results": 1, "tabulate_run": 6} | COMPARED | REPORT,
    ),
    "the page": ("report/page.html.j2", "<body", '<body id="page"', {"write_report": 1}),
}


@pytest.mark.parametrize(("file", "old", "new", "expected"), CODE.values(), ids=CODE)
def test_an_edit_of_code_reruns_what_uses_it(study, clone, file, old, new, expected):
    edit_code(clone, file, old, new)
    assert planned(study, clone) == expected


def test_an_edit_of_the_store_reruns_all_that_read_pixels(study, clone):
    edit_code(clone, "scripts/lesionflow/data/store.py", "height: int = 32", "height: int = 16")
    plan = planned(study, clone)
    assert plan["balance"] == 2 and plan["train"] == 12 and plan["find_duplicates"] == 1
    assert not {"pack_images", "read_labels"} & set(plan)
