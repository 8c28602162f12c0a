"""ONNX: a model as a file that other programs can run, and the check that they get the same probabilities."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import nn

from lesionflow.evaluation.model_card import NOTICE
from lesionflow.training.backbones import Classifier

TOLERANCE = 1e-4  # of probabilities in float32
INPUT, OUTPUT = "pixels", "probabilities"


def with_probabilities(model: Classifier) -> nn.Module:
    """Freeze a model in evaluation mode: images float32 [n, 3, size, size] (0 to 255) → probabilities [n, classes]."""
    return nn.Sequential(model, nn.Softmax(1)).eval().requires_grad_(False)


def write_onnx(model: nn.Module, size: int, path: Path, facts: Mapping[str, str]) -> None:
    """Write a model of `with_probabilities`, weights included, for any number of images of `size` pixels per side.

    `facts` become metadata of the file, which stay with it if its .json gets lost.
    """
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 3, size, size),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("images")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props.update(facts)
    program.save(path)


def onnx_card(record: Mapping, warnings: Sequence[str], **facts: Any) -> dict:
    """What stands beside the file: its input and output, what it is not for, and `facts` about it.

    `record` is the model's model.json.
    """
    classes, size = record["classes"], record["image_size"]
    pixels = {"name": INPUT, "shape": ["images", 3, size, size], "dtype": "float32", "range": [0, 255]}
    return {
        "notice": NOTICE,
        "warnings": list(warnings),
        "leaky": record["leaky"],
        "input": {**pixels, "channels": "RGB", "resize": record["resize"]},
        "output": {"name": OUTPUT, "shape": ["images", len(classes)], "dtype": "float32"},
        "classes": classes,
        **facts,
    }


def parity(model: nn.Module, path: Path, pixels: torch.Tensor, published: np.ndarray) -> dict:
    """Difference of the probabilities by the file at `path` from PyTorch's in float32, and from those in test.csv.

    `pixels` are float32 [n, 3, size, size], `published` [n, classes] of the same images, which may have been computed
    in bfloat16. Raises ArithmeticError if the first difference is above TOLERANCE.
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (computed,) = session.run([OUTPUT], {INPUT: pixels.numpy()})
    with torch.inference_mode():
        difference = float(np.abs(computed - model(pixels).numpy()).max())
    if not difference <= TOLERANCE:
        raise ArithmeticError(f"onnxruntime and PyTorch differ by {difference:.2g} of probability, not {TOLERANCE:g}.")
    return {
        "images": len(pixels),
        "against": "PyTorch in float32, computed for this file from the same pixels",
        "largest_difference": difference,
        "tolerance": TOLERANCE,
        "largest_difference_from_test_csv": float(np.abs(computed - published).max()),
    }
