"""The choice of device, precision and memory settings."""

import contextlib
import ctypes
import functools
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import torch
from torch import nn

from lesionflow.claims import claim_fewest


def keep_freed_memory() -> None:
    """Let glibc, if it is the C library, keep memory that tensors free.

    Otherwise glibc returns large blocks to the kernel, and page faults on reallocation dominate small layers.
    """
    with contextlib.suppress(OSError, AttributeError):
        glibc = ctypes.CDLL("libc.so.6")
        glibc.mallopt(-4, 0)  # M_MMAP_MAX: large blocks come from the heap too
        glibc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: and stay there


HELD: list[IO] = []  # claims, which end when they are closed


@functools.cache  # one claim per process, held until it ends
def claim_gpu() -> torch.device:
    """Claim the visible GPU that the fewest processes of this user have claimed, until this process ends.

    Which GPUs are visible is up to CUDA_VISIBLE_DEVICES; a UUID names the same one however a scheduler counts them.
    """
    visible = [str(torch.cuda.get_device_properties(number).uuid) for number in range(torch.cuda.device_count())]
    number, others, claim = claim_fewest(visible, Path(tempfile.gettempdir(), f"lesionflow_gpus_{os.getuid()}"))
    HELD.append(claim)
    logging.info("Claimed GPU %d of %d (%s)", number, len(visible), visible[number])
    if others:
        logging.warning("Jobs outnumber GPUs: sharing this one with %d. Lower `--resources gpu=`.", others)
    device = torch.device("cuda", number)
    torch.cuda.set_device(device)
    return device


# Share of 5 × 5 depthwise convolutions above which a processor trains faster in float32: it computes the gradients of
# their weights three to five times as slowly in bfloat16. docs/speed.md has the measurements.
SLOW = 0.01

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Hardware:
    """Device and precision (float32, bfloat16 or float16) of all computations with models."""

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def choose(cls, precision: str, threads: int, depthwise: float = 0.0) -> "Hardware":
        """Claim a GPU if there is one, else take the CPU; for `precision` "auto" choose the fastest type.

        `depthwise` is from `depthwise_share`, 0 for a model that does not train.
        """
        keep_freed_memory()
        torch.set_num_threads(threads)
        torch.backends.cudnn.deterministic = True
        device = claim_gpu() if torch.cuda.is_available() else torch.device("cpu")
        hardware = cls(device, fastest(device, depthwise) if precision == "auto" else getattr(torch, precision))
        logging.info("Computing on %s", hardware)
        return hardware

    def __str__(self) -> str:
        cuda = self.device.type == "cuda"
        name = torch.cuda.get_device_name(self.device) if cuda else f"cpu, {torch.get_num_threads()} threads"
        return f"{name}, {str(self.dtype).removeprefix('torch.')}, channels last"

    def place(self, model: Model) -> Model:
        """Move a model to the device, in channels-last memory format."""
        anything: Any = model  # PyTorch's types allow one of the two at a time
        placed: Model = anything.to(self.device, memory_format=torch.channels_last)
        return placed

    def autocast(self) -> contextlib.AbstractContextManager:
        """Return the context that sets the precision of the forward pass."""
        full = self.dtype == torch.float32
        return contextlib.nullcontext() if full else torch.autocast(self.device.type, self.dtype)

    def scaler(self) -> torch.amp.GradScaler:
        """Return what scales the loss, so that gradients in float16 do not vanish; it does nothing in other types."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


def fastest(device: torch.device, depthwise: float) -> torch.dtype:
    """Return the type in which `device` computes fastest; `depthwise` as in `Hardware.choose`.

    A rule, since a measurement at the start of a training would make its result depend on what else the machine does.
    """
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        # is_bf16_supported() is also true of older GPUs, which emulate it.
        return torch.bfloat16 if capability >= (8, 0) else torch.float16 if capability >= (7, 0) else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() and depthwise < SLOW else torch.float32
