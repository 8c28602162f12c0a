"""Cross-fitting, comparisons and the size of a study in whole runs."""

import json
import shutil

import pandas as pd
import pytest
from helpers import CLASSES, output, snakemake

from lesionflow.lists import read_comparisons, read_probabilities, read_results, read_study_size

CROSS_FITTED = {
    "seeds": [1, 2],
    "run": {"protocols": ["cross_fitted"], "datasets": ["undersampled"], "backbones": ["resnet50"]},
    "search": {"run": False},
    "protocols": {"cross_fitted": {"split": {"folds": 2, "valid": 2}}},
}


@pytest.fixture(scope="module")
def crossed(raw, tmp_path_factory):
    """The results of a cross-fitted run, in two folds."""
    folder = shutil.copytree(raw, tmp_path_factory.mktemp("crossed"), dirs_exist_ok=True)
    files = ["tables/table_4_1.csv", "figures/comparisons.svg", "splits.csv"]
    done = snakemake(folder, *(f"results/tiny/{file}" for file in files), config=CROSS_FITTED)
    assert done.returncode == 0, output(done)[-8000:]
    return folder / "results/tiny"


def test_every_image_is_tested_once_out_of_fold(crossed):
    splits = pd.read_csv(crossed / "splits.csv", index_col="image")
    parts = splits[["cross_fitted_seed1", "cross_fitted_seed2"]]
    assert len(parts) == 96 and ((parts == "test").sum(axis=1) == 1).all()
    pooled = read_probabilities(crossed / "cross_fitted/pooled/undersampled/resnet50/stage3/test.csv")
    tested = pooled.set_index("image")["seed"]
    assert (parts.loc[tested.index, "cross_fitted_seed2"] == "test").equals(tested == 2)
    assert sorted(tested.index) == sorted(parts.index)


def test_a_cross_fitted_model_is_one_row_with_a_trained_model_of_its_own(crossed):
    table = read_results(crossed / "tables/table_4_1.csv")
    assert table["stage"].tolist() == [1, 2, 3] and (table["models"] == 2).all() and (table["images"] == 96).all()
    row = table.iloc[2]
    metrics = json.loads((crossed / "cross_fitted/pooled/undersampled/resnet50/stage3/metrics.json").read_text())
    assert metrics["test"]["balanced_accuracy"] == pytest.approx(row["balanced_accuracy"])
    assert metrics["test"]["groups"] == 48
    per_lesion = metrics["test"]["per_lesion"]
    assert (per_lesion["lesions"], per_lesion["images_without_lesion"], per_lesion["units"]) == (48, 0, 48)
    assert per_lesion["balanced_accuracy"] == pytest.approx(row["per_lesion_balanced_accuracy"])
    assert (crossed / f"cross_fitted/seed{row['seed']}/undersampled/resnet50/stage3/model.safetensors").exists()


def test_its_comparisons_are_of_one_partition(crossed):
    table = read_comparisons(crossed / "tables/comparisons.csv")
    assert (table["seeds"] == 1).all() and (table["groups"] == 48).all()
    assert (
        table["images"].tolist() == [96, 96, 48, 48] * 4
        and table["per"].tolist() == [*["image"] * 2, *["lesion"] * 2] * 4
    )
    assert table["family"].tolist() == ["primary"] * 2 + ["exploratory"] * 14
    assert (crossed / "figures/comparisons.svg").exists()


def test_the_default_run_compares_its_models_and_publishes_its_splits(run):
    table = read_comparisons(run / "results/tiny/tables/comparisons.csv")
    assert (table["family"] == "primary").sum() == 12 and set(table["protocol"]) == {"corrected"}
    assert "corrected_seed1" in pd.read_csv(run / "results/tiny/splits.csv")
    assert "Comparisons of models: balanced accuracy" in (run / "results/tiny/report.html").read_text()


def test_a_study_is_planned_without_images(raw, tmp_path):
    for name in ("labels.csv", "metadata.csv"):
        shutil.copy(raw / name, tmp_path)
    done = snakemake(tmp_path, "plan_study")
    assert done.returncode == 0, output(done)[-4000:]
    assert "To detect a difference of 0.02 in balanced accuracy" in done.stdout
    table = read_study_size(tmp_path / "results/tiny/tables/study_size.csv").set_index("class")
    assert table.loc[CLASSES, "lesions"].tolist() == [6] * 8 and table.loc["all", "images"] == 96
    assert (tmp_path / "results/tiny/figures/study_size.svg").exists()
