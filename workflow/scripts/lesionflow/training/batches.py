"""Samples in batches; the next batch is read while the current one is used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch

from lesionflow.data.store import Samples

RESIDENT = 0.25  # of a GPU's free memory, at most, for the pixels of one list; a model needs the rest


def upload(values: np.ndarray, device: torch.device) -> torch.Tensor:
    """Return a copy on a GPU, made while the CPU goes on."""
    return torch.from_numpy(values).pin_memory().to(device, non_blocking=True)


def resident(images: Samples, device: torch.device) -> Samples:
    """Return the same samples with their pixels in the memory of a GPU, if they fit into a share of what is free."""
    real = np.unique(np.concatenate([images.image, images.neighbour[images.neighbour >= 0]]))
    size = images.store.size
    if device.type != "cuda" or len(real) * size * size * 3 > RESIDENT * torch.cuda.mem_get_info(device)[0]:
        return images
    pixels = torch.empty(len(real), size, size, 3, dtype=torch.uint8, device=device)
    for start in range(0, len(real), 256):
        chunk = real[start : start + 256]
        pixels[start : start + len(chunk)] = upload(images.store.read(chunk), device)
    return replace(images, fetch=lambda positions: pixels[upload(np.searchsorted(real, positions), device)])


def batches(
    images: Samples, order: np.ndarray, size: int, device: torch.device
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield pixels and class numbers of `size` images at a time in `order`, on `device`; the next is read meanwhile."""
    if device.type == "cuda" and images.fetch is None:
        store = images.store
        images = replace(images, fetch=lambda positions: upload(store.read(positions), device))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(images.read, chunk) for chunk in chunks[:1]]
        for number, chunk in enumerate(chunks):
            if number + 1 < len(chunks):
                waiting.append(reader.submit(images.read, chunks[number + 1]))
            label = torch.from_numpy(images.label[chunk])
            yield waiting.pop(0).result(), label.to(device, non_blocking=True)
