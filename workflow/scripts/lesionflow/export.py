"""ONNX: the model as a file that other programs compute with, and the proof that they get the same."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from lesionflow.backbones import Classifier

TOLERANCE = 1e-4  # between probabilities in float32
INPUT, OUTPUT = "pixels", "probabilities"


def with_probabilities(model: Classifier) -> nn.Module:
    """Images float32 [n, 3, size, size] (0 to 255) → probabilities [n, classes], in evaluation mode."""
    return nn.Sequential(model, nn.Softmax(1)).eval().requires_grad_(False)


def write_onnx(model: nn.Module, size: int, path: Path) -> None:
    """Write a model of `with_probabilities` for any number of images of `size` pixels a side, weights included."""
    torch.onnx.export(
        model,
        (torch.zeros(2, 3, size, size),),
        path,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("images")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def largest_difference(model: nn.Module, path: Path, pixels: torch.Tensor) -> float:
    """Between the probabilities of `pixels` (float32 [n, 3, size, size]) by PyTorch and by the file at `path`.

    Raises ArithmeticError if it is above TOLERANCE.
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (computed,) = session.run([OUTPUT], {INPUT: pixels.numpy()})
    with torch.inference_mode():
        difference = float(np.abs(computed - model(pixels).numpy()).max())
    if not difference <= TOLERANCE:
        raise ArithmeticError(f"onnxruntime and PyTorch differ by {difference:.2g} of probability, not {TOLERANCE:g}.")
    return difference
