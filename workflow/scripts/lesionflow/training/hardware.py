"""The choice of device, precision and memory settings."""

import contextlib
import ctypes
import logging
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn


def keep_freed_memory() -> None:
    """Let glibc, if it is the C library, keep memory that tensors free.

    Otherwise glibc returns large blocks to the kernel, and page faults on reallocation dominate small layers.
    """
    with contextlib.suppress(OSError, AttributeError):
        glibc = ctypes.CDLL("libc.so.6")
        glibc.mallopt(-4, 0)  # M_MMAP_MAX: large blocks come from the heap too
        glibc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: and stay there


Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Hardware:
    """Device and precision of all computations with models."""

    device: torch.device
    bfloat16: bool

    @classmethod
    def choose(cls, precision: str, threads: int) -> "Hardware":
        """Choose a GPU if there is one, else the CPU; bfloat16 for `precision` "auto" if it is native."""
        keep_freed_memory()
        torch.set_num_threads(threads)
        torch.backends.cudnn.deterministic = True
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        native = torch.cuda.is_bf16_supported() if device.type == "cuda" else torch.cpu._is_avx512_bf16_supported()
        hardware = cls(device, precision == "bfloat16" or (precision == "auto" and native))
        logging.info("Computing on %s", hardware)
        return hardware

    def __str__(self) -> str:
        cuda = self.device.type == "cuda"
        name = torch.cuda.get_device_name() if cuda else f"cpu, {torch.get_num_threads()} threads"
        return f"{name}, {'bfloat16' if self.bfloat16 else 'float32'}, channels last"

    def place(self, model: Model) -> Model:
        """Move a model to the device, in channels-last memory format."""
        return model.to(self.device).to(memory_format=torch.channels_last)

    def autocast(self) -> contextlib.AbstractContextManager:
        """Return the context that sets the precision of the forward pass."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()
