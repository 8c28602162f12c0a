"""Which device and precision are chosen, on machines that a test can only pretend to have."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import types
from collections import Counter

import pytest
import torch
from helpers import REPOSITORY

from lesionflow.claims import claim_fewest
from lesionflow.training import hardware as chosen
from lesionflow.training.backbones import new_classifier, unfreeze
from lesionflow.training.depthwise import depthwise_share
from lesionflow.training.hardware import Hardware

BACKBONE = {"library": "timm", "weights": "none", "mean": [0.5] * 3, "std": [0.5] * 3}
CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Pretend a machine: its GPUs' compute capability, None without any; whether its processor has bfloat16."""

    def pretend(capability: tuple[int, int] | None = None, native: bool = False, gpus: int = 1) -> None:
        properties = [types.SimpleNamespace(uuid=f"GPU-{number}") for number in range(gpus)]
        for name, value in {
            "is_available": capability is not None,
            "device_count": gpus,
            "get_device_capability": capability,
            "get_device_name": "NVIDIA Pretended",
            "is_bf16_supported": True,  # older GPUs emulate it
            "set_device": None,
        }.items():
            monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
        monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    threads, deterministic = torch.get_num_threads(), torch.backends.cudnn.deterministic
    yield pretend
    torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = deterministic
    chosen.claim_gpu.cache_clear()
    chosen.HELD.clear()


@pytest.mark.parametrize(
    ("capability", "native", "expected"),
    [
        ((6, 1), True, torch.float32),
        ((7, 0), True, torch.float16),
        ((7, 5), True, torch.float16),
        ((8, 0), False, torch.bfloat16),
        ((9, 0), False, torch.bfloat16),
        (None, True, torch.bfloat16),
        (None, False, torch.float32),
    ],
)
def test_a_gpu_is_taken_and_the_type_that_it_computes_in_fastest(machine, capability, native, expected):
    machine(capability, native)
    hardware = Hardware.choose("auto", 1)
    assert hardware.device == (torch.device("cuda", 0) if capability else CPU)
    assert hardware.dtype == expected
    assert hardware.scaler().is_enabled() is (expected == torch.float16)
    assert torch.backends.cudnn.deterministic and torch.get_num_threads() == 1
    where = "NVIDIA Pretended" if capability else "cpu, 1 threads"
    assert str(hardware) == f"{where}, {str(expected).removeprefix('torch.')}, channels last"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("capability", [(7, 0), (9, 0), None])
def test_a_precision_that_is_set_is_used(machine, precision, capability):
    machine(capability)
    assert Hardware.choose(precision, 1).dtype == getattr(torch, precision)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("library", "architecture", "last", "stages_in_float32"),
    [
        ("torchvision", "efficientnet_b0", ["features.7", "features.8"], {3}),
        ("torchvision", "efficientnet_b0", ["features.6", "features.7", "features.8"], {2, 3}),
        ("timm", "tf_efficientnet_lite0", ["blocks.6", "conv_head", "bn2"], {3}),
        ("torchvision", "mobilenet_v3_large", ["features.15", "features.16"], {3}),
        ("timm", "mixnet_s", [], {3}),
        ("torchvision", "mnasnet1_0", ["layers.15"], {3}),
        ("timm", "ghostnet_100", [], {3}),
        ("torchvision", "mobilenet_v2", ["features.18"], set()),
        ("torchvision", "shufflenet_v2_x1_0", ["conv5"], set()),
        ("timm", "convnext_atto", ["stages.3"], set()),
        ("timm", "edgenext_small", ["stages.3"], set()),
        ("torchvision", "resnet50", ["layer4"], set()),
        ("torchvision", "densenet121", ["features.denseblock4"], set()),
        ("torchvision", "regnet_y_800mf", ["trunk_output.block4"], set()),
    ],
)
def test_the_rule_for_processors_agrees_with_what_was_measured(machine, library, architecture, last, stages_in_float32):
    """docs/speed.md has the measurements."""
    machine(native=True)
    model = new_classifier(BACKBONE | {"library": library, "architecture": architecture}, 2, None, 1)
    for stage in (1, 2, 3):
        unfreeze(model, stage, last)
        expected = torch.float32 if stage in stages_in_float32 else torch.bfloat16
        assert Hardware.choose("auto", 1, depthwise_share(model, 224)).dtype == expected, stage


def test_the_share_of_depthwise_convolutions():
    """5 × 5 multiplications for each of 4 channels at 8 × 8 places, of all."""
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 1),
        torch.nn.Conv2d(4, 4, 3, padding=1, groups=4),
        torch.nn.Conv2d(4, 4, 5, padding=2, groups=4),
        torch.nn.Conv2d(4, 4, 5, padding=2, groups=2),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 2),
    )
    assert depthwise_share(model, 8) == 4 * 25 * 64 / ((12 + 4 * 9 + 4 * 25 + 8 * 25) * 64 + 8)
    model[2].requires_grad_(False)
    assert depthwise_share(model, 8) == 0


def test_the_log_says_what_was_chosen(machine, caplog):
    machine((8, 0), gpus=2)
    with caplog.at_level(logging.INFO):
        Hardware.choose("auto", 1)
    assert "Claimed GPU 0 of 2 (GPU-0)" in caplog.text
    assert "Computing on NVIDIA Pretended, bfloat16, channels last" in caplog.text


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_the_forward_pass_has_the_precision_and_the_device():
    pixels, layer = torch.rand(2, 3, 4, 4), torch.nn.Conv2d(3, 4, 1)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        hardware = Hardware(CPU, dtype)
        placed = hardware.place(layer)
        assert placed.weight.is_contiguous(memory_format=torch.channels_last)
        with hardware.autocast():
            assert placed(pixels).dtype == dtype
        assert hardware.scaler().is_enabled() is (dtype == torch.float16)
    on_gpu = Hardware(torch.device("cuda"), torch.bfloat16).autocast()
    assert on_gpu.device == "cuda" and on_gpu.fast_dtype == torch.bfloat16
    assert isinstance(Hardware(torch.device("cuda"), torch.float32).autocast(), contextlib.nullcontext)


CLAIM = """
import sys
from pathlib import Path
from lesionflow.claims import claim_fewest
number, others, claim = claim_fewest(sys.argv[2:], Path(sys.argv[1]))
print(number, others, flush=True)
sys.stdin.read()
"""


@pytest.mark.workflow
def test_jobs_spread_over_the_gpus_and_a_killed_one_frees_its_own(tmp_path):
    """Eight processes at once on four devices, in whatever order a scheduler shows these."""
    names = [f"GPU-{letter}" for letter in "abcd"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow/scripts")}
    jobs = []

    def start(visible: list[str]) -> None:
        command = [sys.executable, "-c", CLAIM, tmp_path / "claims", *visible]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        jobs.append((visible, subprocess.Popen(command, env=environment, text=True, **pipes)))

    def claimed(job: tuple) -> tuple[str, int]:
        number, others = map(int, job[1].stdout.readline().split())
        return job[0][number], others

    try:
        for turn in range(8):
            start(names[turn % 4 :] + names[: turn % 4])
        found = [claimed(job) for job in jobs]
        assert Counter(found) == {(name, others): 1 for name in names for others in (0, 1)}
        jobs[5][1].send_signal(signal.SIGKILL)
        jobs[5][1].wait()
        for expected in (found[5][0], None):  # the freed one first; then all have as many
            start(names)
            device, others = claimed(jobs[-1])
            assert (device, others) == (expected, 1) if expected else others == 2
        start(names[3:])
        assert claimed(jobs[-1])[0] == names[3], "no other is visible to it"
    finally:
        for _, process in jobs:
            process.kill()
            process.communicate()
    assert claim_fewest(names, tmp_path / "claims")[1] == 0
    assert len(list((tmp_path / "claims").iterdir())) <= 2, "claims of dead processes are removed"
