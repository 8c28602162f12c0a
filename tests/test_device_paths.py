"""What computes on a GPU, on machines without one: with tensors that have shapes and a device, but no values.

A tensor left on the processor is an error, and so is each value that Python asks for and for which the processor
would wait, except in the two ways that `asked` counts. What only a GPU can show is said in docs/gpu.md.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future

import numpy as np
import pytest
import torch
from small_training import CONFIG as SMALL
from small_training import SETTINGS, images
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode
from torch._subclasses.fake_tensor import unset_fake_temporarily as with_values

from lesionflow.evaluation.inference import predict_table
from lesionflow.training import batches, engine, search
from lesionflow.training.backbones import new_classifier, unfreeze
from lesionflow.training.folding import fold_normalisation
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import OPTIMIZERS

GPU = torch.device("cuda", 0)
CONFIG = SMALL | {"architecture": "resnet10t", "unfreeze": ["layer4"]}  # few layers, of which each takes a while

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")


class AtOnce(Executor):
    """Runs everything in the thread that submits it, the only one with such tensors."""

    def __init__(self, threads: int):
        pass

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.fixture
def asked(monkeypatch) -> Iterator[Counter]:
    """A pretended GPU, and how often the processor asked it for values, which are all zero."""
    counts: Counter = Counter()

    def zeros(tensor: torch.Tensor) -> np.ndarray:
        counts["numpy"] += 1
        return np.zeros(tuple(tensor.shape), np.float32)

    def valued(function):
        def call(*arguments):
            with with_values():
                return function(*arguments)

        return call

    monkeypatch.setattr(engine, "start_epoch", valued(engine.start_epoch))
    monkeypatch.setattr(torch.Tensor, "numpy", valued(torch.Tensor.numpy))
    monkeypatch.setattr(FakeTensor, "numpy", zeros, raising=False)
    monkeypatch.setattr(FakeTensor, "tolist", lambda tensor: zeros(tensor).tolist(), raising=False)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    monkeypatch.setattr(batches, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(torch, "allclose", lambda *tensors, **tolerances: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**6, 10**7))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield counts


def new_model(stage: int):
    with with_values():
        model = new_classifier(CONFIG, 2, None, 1)
    unfreeze(model, stage, CONFIG["unfreeze"])
    return model


@pytest.mark.workflow
@pytest.mark.parametrize(("stage", "dtype"), [(1, torch.float32), (2, torch.bfloat16), (3, torch.float16)])
def test_an_epoch_stays_on_the_gpu_and_waits_for_it_once(tmp_path, monkeypatch, asked, stage, dtype):
    hardware, model, data = Hardware(GPU, dtype), new_model(stage), images(tmp_path)

    def backward(loss: torch.Tensor) -> None:
        """Gradients of the right places; PyTorch computes them only with a driver."""
        assert loss.device == GPU and loss.requires_grad
        for parameter in trained:
            assert parameter.device == GPU
            parameter.grad = torch.zeros_like(parameter)

    monkeypatch.setattr(FakeTensor, "backward", backward, raising=False)
    computing = fold_normalisation(hardware.place(model), 32)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = OPTIMIZERS["adam"](trained, 0.1)
    settings = dataclasses.replace(SETTINGS, stage=stage)
    for images_on in (data, batches.resident(data, GPU)):
        asked.clear()
        engine.train_epoch(computing, optimizer, images_on, settings, 1, hardware, hardware.scaler())
        assert asked == {"numpy": 1}
    assert images_on.fetch is not None
    assert len(optimizer.state) == len(trained)


@pytest.mark.workflow
def test_a_prediction_stays_on_the_gpu_and_waits_for_it_once(tmp_path, asked):
    table = predict_table(new_model(3), images(tmp_path), ["A", "B"], Hardware(GPU, torch.bfloat16))
    assert len(table) == 17 and asked == {"numpy": 1}


@pytest.mark.workflow
def test_features_of_a_search_stay_on_the_gpu(tmp_path, asked):
    hardware = Hardware(GPU, torch.bfloat16)
    features, label = search.extract_features(new_model(1), images(tmp_path), hardware, "training").tensors
    assert features.device == label.device == GPU and asked == {"numpy": 1}


def test_what_would_be_wrong_on_a_gpu_is_an_error_here(asked):
    with with_values():
        layer = torch.nn.Linear(3, 2)
    Hardware(GPU, torch.float32).place(layer)
    with pytest.raises(RuntimeError, match="on the same device"):
        layer(torch.zeros(1, 3))
    with pytest.raises(DataDependentOutputException):
        layer(torch.zeros(1, 3, device=GPU)).sum().item()
