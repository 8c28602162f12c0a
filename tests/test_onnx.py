"""Export to ONNX."""

import shutil

import numpy as np
import onnxruntime
import pytest
import torch
from helpers import CLASSES, output, snakemake
from torch import nn

from lesionflow.evaluation import onnx_export
from lesionflow.evaluation.best_model import (
    best_model,
    model_folder,
)
from lesionflow.files import read_json
from lesionflow.lists import read_results

TABLE = "results/tiny/tables/table_4_1.csv"


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
