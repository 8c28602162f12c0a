"""Which device and precision are chosen, on machines that a test can only pretend to have."""

import contextlib
import logging

import pytest
import torch

from lesionflow.training.hardware import Hardware


@pytest.fixture
def machine(monkeypatch):
    """Pretend a machine: with a GPU or not, and bfloat16 native on GPU and processor or not."""

    def pretend(gpu: bool, gpu_bfloat16: bool, cpu_bfloat16: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: gpu_bfloat16)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "NVIDIA Pretended")
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: cpu_bfloat16)

    threads, deterministic = torch.get_num_threads(), torch.backends.cudnn.deterministic
    yield pretend
    torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = deterministic


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
@pytest.mark.parametrize("gpu", [True, False])
@pytest.mark.parametrize("native", [True, False])
def test_a_gpu_is_taken_and_bfloat16_where_it_is_native(machine, precision, gpu, native):
    machine(gpu, gpu_bfloat16=native if gpu else not native, cpu_bfloat16=not native if gpu else native)
    hardware = Hardware.choose(precision, 1)
    assert hardware.device.type == ("cuda" if gpu else "cpu")
    assert hardware.bfloat16 is {"auto": native, "float32": False, "bfloat16": True}[precision]
    assert torch.backends.cudnn.deterministic and torch.get_num_threads() == 1
    assert str(hardware).startswith("NVIDIA Pretended, " if gpu else "cpu, 1 threads, ")
    assert ("bfloat16" in str(hardware)) is hardware.bfloat16 and ("float32" in str(hardware)) is not hardware.bfloat16


def test_the_log_says_what_was_chosen(machine, caplog):
    machine(gpu=True, gpu_bfloat16=True, cpu_bfloat16=False)
    with caplog.at_level(logging.INFO):
        Hardware.choose("auto", 1)
    assert "Computing on NVIDIA Pretended, bfloat16, channels last" in caplog.text


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_the_forward_pass_has_the_precision_and_the_device():
    pixels, layer = torch.rand(2, 3, 4, 4), torch.nn.Conv2d(3, 4, 1)
    for bfloat16, expected in ((True, torch.bfloat16), (False, torch.float32)):
        hardware = Hardware(torch.device("cpu"), bfloat16)
        placed = hardware.place(layer)
        assert placed.weight.is_contiguous(memory_format=torch.channels_last)
        with hardware.autocast():
            assert placed(pixels).dtype == expected
    on_gpu = Hardware(torch.device("cuda"), True).autocast()
    assert on_gpu.device == "cuda" and on_gpu.fast_dtype == torch.bfloat16
    assert isinstance(Hardware(torch.device("cuda"), False).autocast(), contextlib.nullcontext)
