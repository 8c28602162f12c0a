"""Training and prediction: one loop, resumed bit for bit."""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lesionflow.data.store import Samples
from lesionflow.files import InputError
from lesionflow.logs import progress
from lesionflow.training.augmentation import augment
from lesionflow.training.backbones import Classifier, modules_in_train_mode
from lesionflow.training.batches import batches, resident
from lesionflow.training.folding import fold_normalisation
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import LOSSES, OPTIMIZERS, Settings
from lesionflow.training.resume import Progress, load_progress, save_progress


def seed_of(*numbers: int) -> int:
    """Combine several numbers into one seed, so that each epoch is reproducible independently of earlier epochs."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def predict(
    model: nn.Module, images: Samples, hardware: Hardware, batch_size: int = 64, bar: str | None = None
) -> np.ndarray:
    """Return logits, float32 [n, classes], in the order of `images`; `model` must be in evaluation mode.

    `bar` names the progress bar; without it none is shown.
    """
    logits = []
    shown = progress(total=len(images), unit="image", desc=bar, disable=bar is None)
    with torch.inference_mode(), hardware.autocast(), shown:
        for pixels, _ in batches(images, np.arange(len(images)), batch_size, hardware.device):
            logits.append(model(pixels).float())
            shown.update(len(pixels))
        return torch.cat(logits).cpu().numpy()


def loss_and_accuracy(logits: np.ndarray, label: np.ndarray, loss: str) -> tuple[float, float]:
    """Return the mean of `loss`, a key of LOSSES (nats), and accuracy (0 to 1); `logits` [n, classes], `label` [n]."""
    mean = LOSSES[loss](torch.from_numpy(logits), torch.from_numpy(label)).item()
    return mean, float((logits.argmax(1) == label).mean())


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: str,
    pixels: torch.Tensor,
    label: torch.Tensor,
    hardware: Hardware,
    scaler: torch.amp.GradScaler,
) -> torch.Tensor:
    """Train on one batch; return the sum of its losses (nats) and the number of correct predictions, [2]."""
    with hardware.autocast():
        logits = model(pixels).float()
    mean = LOSSES[loss](logits, label)
    optimizer.zero_grad()
    scaler.scale(mean).backward()
    scaler.step(optimizer)
    scaler.update()
    return torch.stack([mean.detach() * len(label), (logits.argmax(1) == label).sum()])


def start_epoch(
    images: int, batch_size: int, seed: int, stage: int, epoch: int
) -> tuple[torch.Tensor, torch.Generator]:
    """Seed dropout; return the order of the images in an epoch, and the generator for their augmentation."""
    random = torch.Generator().manual_seed(seed_of(seed, stage, epoch))
    torch.manual_seed(seed_of(seed, stage, epoch, 1))  # dropout
    order = torch.randperm(images, generator=random)
    # Batch normalisation in the head cannot train on a single image.
    return order[: images - (images % batch_size == 1)], random


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Samples,
    settings: Settings,
    epoch: int,
    hardware: Hardware,
    scaler: torch.amp.GradScaler,
) -> tuple[float, float]:
    """Train one pass over `images`; return mean loss (nats) and accuracy (0 to 1), each batch before its update."""
    order, random = start_epoch(len(images), settings.batch_size, settings.seed, settings.stage, epoch)
    total = torch.zeros(2, device=hardware.device)
    with progress(total=len(order), unit="image", desc=f"stage {settings.stage} epoch {epoch}") as bar:
        for pixels, label in batches(images, order.numpy(), settings.batch_size, hardware.device):
            pixels = pixels.float()
            if settings.augmentation:
                draws = settings.augmentation.draw(len(pixels), random)
                pixels = augment(pixels, *(draw.to(hardware.device, non_blocking=True) for draw in draws))
            total += train_step(model, optimizer, settings.loss, pixels, label, hardware, scaler)
            bar.update(len(label))
    loss, accuracy = (total / len(order)).tolist()
    return loss, accuracy


def trained_state(model: Classifier) -> dict[str, torch.Tensor]:
    """Return copies of the trained state: trainable parameters, and statistics of batch normalisation."""
    changing = {id(p) for p in model.parameters() if p.requires_grad}
    changing |= {id(buffer) for module in modules_in_train_mode(model) for buffer in module.buffers()}
    state = model.state_dict(keep_vars=True)
    return {name: value.detach().clone().cpu() for name, value in state.items() if id(value) in changing}


def run_epoch(
    model: Classifier,
    optimizer: torch.optim.Optimizer,
    training: Samples,
    validation: Samples,
    settings: Settings,
    epoch: int,
    hardware: Hardware,
    scaler: torch.amp.GradScaler,
) -> dict[str, float]:
    """Train one epoch, then validate; return a row of the history. Raises InputError if a loss is not finite."""
    model.eval()
    for module in modules_in_train_mode(model):
        module.train()
    loss, accuracy = train_epoch(model, optimizer, training, settings, epoch, hardware, scaler)
    logits = predict(model.eval(), validation, hardware)
    valid_loss, valid_accuracy = loss_and_accuracy(logits, validation.label, settings.loss)
    if not (math.isfinite(loss) and math.isfinite(valid_loss)):
        raise InputError(
            f"The training diverged: in epoch {epoch} of stage {settings.stage} the training loss is {loss}, the "
            f"validation loss {valid_loss}. Lower the learning rate (`lr`, now {settings.lr}), and check `mean` and "
            "`std` of the backbone."
        )
    row = {"epoch": epoch, "loss": loss, "accuracy": accuracy}
    row |= {"valid_loss": valid_loss, "valid_accuracy": valid_accuracy}
    logging.info("%s", row)
    return row


def fit(
    model: Classifier,
    training: Samples,
    validation: Samples,
    settings: Settings,
    hardware: Hardware,
    resume: Path,
    identity: str,
    after_epoch: Callable[[int], None] = lambda epoch: None,
) -> Progress:
    """Train `model`, whose parameters are frozen as the stage requires, and leave it in the state to keep.

    After each epoch the whole state is written to `resume`; a run with the same `identity` continues from there, and
    its history and weights equal those of an uninterrupted run. Raises InputError at the first loss that is not
    finite, even if an earlier epoch could be kept: that epoch would represent a recipe that does not work.
    """
    if not 0 < settings.lr < math.inf:
        raise InputError(f"`lr` of stage {settings.stage} is {settings.lr}: set it to a finite number above 0.")
    hardware.place(model)
    computing, scaler = fold_normalisation(model, training.store.size), hardware.scaler()
    training, validation = (resident(images, hardware.device) for images in (training, validation))
    optimizer = OPTIMIZERS[settings.optimizer]([p for p in model.parameters() if p.requires_grad], lr=settings.lr)
    now = load_progress(resume, identity) or Progress(0, [], 0, {}, {}, {}, {}, 0.0)
    if now.epoch:
        model.load_state_dict(now.state, strict=False)
        optimizer.load_state_dict(now.optimizer)
        scaler.load_state_dict(now.scaler)
    while now.epoch < settings.epochs and now.epoch - now.best_epoch < settings.patience:
        started, epoch = time.monotonic(), now.epoch + 1
        now.history.append(run_epoch(computing, optimizer, training, validation, settings, epoch, hardware, scaler))
        now.epoch, now.state = epoch, trained_state(model)
        now.optimizer, now.scaler = optimizer.state_dict(), scaler.state_dict()
        best = min(now.history, key=lambda row: row["valid_loss"])["epoch"]
        if best == epoch:
            now.best_epoch, now.best_state = epoch, now.state
        now.seconds += time.monotonic() - started
        save_progress(resume, now, identity)
        after_epoch(epoch)
    model.load_state_dict(now.best_state if settings.keep == "best" else now.state, strict=False)
    return now
