"""Search of optimizer and learning rate: features are extracted once from the frozen backbone, trials train on them."""

import logging
import math
import time
from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from lesionflow.data.store import Samples
from lesionflow.files import InputError
from lesionflow.logs import progress
from lesionflow.training.backbones import Classifier
from lesionflow.training.engine import loss_and_accuracy, predict, start_epoch
from lesionflow.training.folding import fold_normalisation
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import LOSSES, OPTIMIZERS

COLUMNS = ["optimizer", "lr", "epoch", "loss", "accuracy", "valid_loss", "valid_accuracy"]
STAGE = 1  # the stage that trains only the head; trials use its order of images and its dropout


def extract_features(model: Classifier, images: Samples, hardware: Hardware, part: str) -> TensorDataset:
    """Return pooled features of `images` from the backbone of `model`, float32 [n, features], and class numbers [n]."""
    started = time.monotonic()
    hardware.place(model).requires_grad_(False)
    head, model.head = model.head, nn.Sequential()  # passes features through
    features = predict(fold_normalisation(model, images.store.size), images, hardware, bar=f"{part} features")
    logging.info("%s features of %d images: %.1f s", part, len(images), time.monotonic() - started)
    model.head = head
    return TensorDataset(
        torch.from_numpy(features).to(hardware.device), torch.from_numpy(images.label).to(hardware.device)
    )


class Heads(nn.Module):
    """Copies of a classifier's head, one per learning rate, that train in parallel with one optimizer.

    They train on the same batches and share what does not depend on their weights: `normal`, the features after
    batch normalisation without its scale and shift, and `keep`, the factors of dropout; both [n, features].
    """

    rates: torch.Tensor

    def __init__(self, head: nn.Sequential, optimizer: str, rates: Sequence[float], loss: str):
        super().__init__()
        norm, linear = cast(nn.BatchNorm1d, head[0]), cast(nn.Linear, head[2])

        def copies(value: torch.Tensor) -> nn.Parameter:
            return nn.Parameter(value.detach().repeat(len(rates), 1, 1))

        self.scale, self.shift = copies(norm.weight), copies(norm.bias)
        self.weight, self.bias = copies(linear.weight), copies(linear.bias)
        self.register_buffer("rates", torch.tensor(rates, device=linear.weight.device)[:, None, None])
        self.loss = loss
        self.optimizer = OPTIMIZERS[optimizer](self.parameters(), lr=1.0)

    def forward(self, normal: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        """Logits [rates, n, classes]."""
        # linear((normal · scale + shift) · keep), with scale and shift folded into the weights, which are fewer.
        scaled, shifted = (self.weight * self.scale).flatten(0, 1), (self.weight * self.shift).flatten(0, 1)
        logits = F.linear(normal * keep, scaled) + F.linear(keep, shifted)
        return logits.unflatten(1, self.weight.shape[:2]).transpose(0, 1) + self.bias

    def learn(self, normal: torch.Tensor, keep: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Train on one batch; return the sums of losses (nats) and the numbers of correct predictions, [2, rates]."""
        logits = self(normal, keep)
        losses = LOSSES[self.loss](logits.flatten(0, 1), label.repeat(len(logits)), reduction="none")
        losses = losses.view(len(logits), -1)
        self.optimizer.zero_grad()
        losses.mean(1).sum().backward()
        before = [value.detach().clone() for value in self.parameters()]
        self.optimizer.step()
        with torch.no_grad():  # a step of these optimizers is proportional to the learning rate, which was 1
            for value, old in zip(self.parameters(), before, strict=True):
                value.copy_(torch.lerp(old, value, self.rates))
        return torch.stack([losses.detach().sum(1), (logits.argmax(2) == label).sum(1)])

    @torch.no_grad()
    def validate(self, normal: torch.Tensor, label: np.ndarray) -> list[tuple[float, float]]:
        """Return loss (nats) and accuracy of each copy on validation images; `label` [n]."""
        logits = self(normal, torch.ones_like(normal)).cpu().numpy()
        return [loss_and_accuracy(own, label, self.loss) for own in logits]


def search(
    head: nn.Sequential,
    training: TensorDataset,
    validation: TensorDataset,
    optimizers: Sequence[str],
    rates: Sequence[float],
    epochs: int,
    batch_size: int,
    seed: int,
    loss: str = "cross_entropy",
) -> pd.DataFrame:
    """Train a copy of `head` (batch normalisation, dropout, linear) with each optimizer at each learning rate.

    Returns one row per epoch and trial, with COLUMNS (losses in nats, accuracies 0 to 1). Trials equal stage 1 without
    augmentation (`engine.fit`, in float32) up to rounding. The data sets are from `extract_features`.
    """
    torch.set_num_threads(1)  # a batch of features is too small to share between threads
    device = next(head.parameters()).device
    normalise = nn.BatchNorm1d(cast(nn.BatchNorm1d, head[0]).num_features, affine=False, device=device)
    trials = {name: Heads(head, name, rates, loss) for name in optimizers}
    started, rows = time.monotonic(), []
    bar = progress(total=epochs * len(training), unit="image", desc=f"{len(optimizers) * len(rates)} trials")
    for epoch in range(1, epochs + 1):
        order, _ = start_epoch(len(training), batch_size, seed, STAGE, epoch)
        sums = {name: torch.zeros(2, len(rates), device=device) for name in trials}
        for batch in order.to(device).split(batch_size):
            features, label = training[batch]
            normal = normalise.train()(features)
            keep = head[1].train()(torch.ones_like(normal))
            for name, heads in trials.items():
                sums[name] += heads.learn(normal, keep, label)
            bar.update(len(batch))
        features, label = validation.tensors
        for name, heads in trials.items():
            scores = heads.validate(normalise.eval()(features), label.cpu().numpy())
            means = (sums[name].T / len(order)).tolist()
            rows += [[name, lr, epoch, *own, *valid] for lr, own, valid in zip(rates, means, scores, strict=True)]
    bar.close()
    logging.info("%d trials of %d epochs: %.1f s", len(optimizers) * len(rates), epochs, time.monotonic() - started)
    return pd.DataFrame(rows, columns=COLUMNS)


def winner(trials: pd.DataFrame) -> dict:
    """Return the row of `trials` with the lowest validation loss, or raise InputError if it is not finite."""
    best = trials.sort_values("valid_loss", kind="stable").iloc[0].to_dict()
    if not math.isfinite(best["valid_loss"]):
        raise InputError(
            "No trial ended an epoch with a finite loss: lower `learning_rates` of `search`, and check `mean` and "
            "`std` of the backbone."
        )
    return best
