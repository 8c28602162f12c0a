"""The progress of a training, written after each epoch with a digest that reveals damage."""

import hashlib
import io
import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from lesionflow.files import atomic_write, file_digest

DIGEST = hashlib.sha256().digest_size  # bytes


@dataclass
class Progress:
    """Everything needed to resume a training after an epoch."""

    epoch: int
    history: list[dict]
    best_epoch: int
    best_state: dict
    state: dict
    optimizer: dict
    scaler: dict  # of gradients in float16, else empty
    seconds: float


def save_progress(path: Path, progress: Progress, identity: str) -> None:
    """Write `progress` to `path`, followed by the SHA-256 of the written bytes."""
    with atomic_write(path) as temporary:
        with open(temporary, "wb") as stream:
            torch.save(vars(progress) | {"identity": identity}, stream)
        digest = bytes.fromhex(file_digest(temporary))
        with open(temporary, "ab") as stream:
            stream.write(digest)


def load_progress(path: Path, identity: str) -> Progress | None:
    """Return the progress of an interrupted run of the same `identity` at `path`; None if missing or damaged."""
    try:
        data = memoryview(path.read_bytes())
    except FileNotFoundError:
        return None
    try:
        if hashlib.sha256(data[:-DIGEST]).digest() != data[-DIGEST:]:
            raise ValueError("its SHA-256 differs")
        saved = torch.load(io.BytesIO(data[:-DIGEST]), map_location="cpu", weights_only=True)
        other, found = saved.pop("identity"), Progress(**saved)
    except Exception:  # a file that somebody forged can fail in any way
        logging.warning("%s is damaged: starting afresh", path)
        return None
    if other != identity:
        logging.info("%s belongs to another recipe, code or data: starting afresh", path)
        return None
    logging.info("resuming after epoch %d", found.epoch)
    return found
