"""Samples in batches; the next batch is read while the current one is used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from lesionflow.data.store import Samples


def batches(images: Samples, order: np.ndarray, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield pixels and class numbers of `size` images at a time in `order`; the next batch is read meanwhile."""
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(images.read, chunk) for chunk in chunks[:1]]
        for number, chunk in enumerate(chunks):
            if number + 1 < len(chunks):
                waiting.append(reader.submit(images.read, chunks[number + 1]))
            yield waiting.pop(0).result(), torch.from_numpy(images.label[chunk])
