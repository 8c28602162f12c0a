"""Search of optimizer and learning rate: the frozen backbone sees each image once, trials train on what it saw."""

import logging
import math
import time
from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from lesionflow.data.store import Samples
from lesionflow.files import InputError
from lesionflow.logs import progress
from lesionflow.training.backbones import Classifier, fold_normalisation
from lesionflow.training.engine import loss_and_accuracy, predict, start_epoch
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import OPTIMIZERS

STAGE = 1  # the stage in which only the head trains; trials see its order of images and its dropout


def extract_features(model: Classifier, images: Samples, hardware: Hardware, part: str) -> TensorDataset:
    """The features of `images` from the backbone of `model`, float32 [n, features], and their class numbers."""
    started = time.monotonic()
    hardware.place(model).requires_grad_(False)
    head, model.head = model.head, nn.Identity()
    features = predict(fold_normalisation(model, images.store.size), images, hardware, bar=f"{part} features")
    logging.info("%s features of %d images: %.1f s", part, len(images), time.monotonic() - started)
    model.head = head
    return TensorDataset(
        torch.from_numpy(features).to(hardware.device), torch.from_numpy(images.label).to(hardware.device)
    )


class Heads(nn.Module):
    """Copies of a classifier's head, one a learning rate, that train side by side with one optimizer.

    They see the same batches, so they share what does not depend on their weights: `normal`, the features after
    batch normalisation without its scale and shift, and `keep`, the factors of dropout; both [n, features].
    """

    def __init__(self, head: nn.Sequential, optimizer: str, rates: Sequence[float]):
        super().__init__()
        norm, _, linear = head

        def copies(value: torch.Tensor) -> nn.Parameter:
            return nn.Parameter(value.detach().repeat(len(rates), 1, 1))

        self.scale, self.shift = copies(norm.weight), copies(norm.bias)
        self.weight, self.bias = copies(linear.weight), copies(linear.bias)
        self.register_buffer("rates", torch.tensor(rates, device=linear.weight.device)[:, None, None])
        self.optimizer = OPTIMIZERS[optimizer](self.parameters(), lr=1.0)

    def forward(self, normal: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        """Logits [rates, n, classes]."""
        # linear((normal · scale + shift) · keep), with scale and shift moved into the weights, which are fewer.
        scaled, shifted = (self.weight * self.scale).flatten(0, 1), (self.weight * self.shift).flatten(0, 1)
        logits = F.linear(normal * keep, scaled) + F.linear(keep, shifted)
        return logits.unflatten(1, self.weight.shape[:2]).transpose(0, 1) + self.bias

    def learn(self, normal: torch.Tensor, keep: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Learn from one batch; returns the sums of losses (nats) and the numbers of right answers, [2, rates]."""
        logits = self(normal, keep)
        losses = F.cross_entropy(logits.flatten(0, 1), label.repeat(len(logits)), reduction="none")
        losses = losses.view(len(logits), -1)
        self.optimizer.zero_grad()
        losses.mean(1).sum().backward()
        before = [value.detach().clone() for value in self.parameters()]
        self.optimizer.step()
        with torch.no_grad():  # a step of these optimizers is proportional to the learning rate, which was 1
            for value, old in zip(self.parameters(), before, strict=True):
                value.copy_(torch.lerp(old, value, self.rates))
        return torch.stack([losses.detach().sum(1), (logits.argmax(2) == label).sum(1)])


def search(
    head: nn.Sequential,
    training: TensorDataset,
    validation: TensorDataset,
    optimizers: Sequence[str],
    rates: Sequence[float],
    epochs: int,
    batch_size: int,
    seed: int,
) -> pd.DataFrame:
    """Train a copy of `head` (batch normalisation, dropout, linear) with each optimizer at each learning rate.

    One row an epoch and trial: optimizer, lr, epoch, loss (nats), accuracy, valid_loss, valid_accuracy. A trial
    equals a stage 1 without augmentation (`engine.fit`, in float32) to rounding. `training` and `validation` are
    from `extract_features`.
    """
    torch.set_num_threads(1)  # a batch of features is too small to share between threads
    norm, dropout, _ = head
    device = norm.weight.device
    normalise = nn.BatchNorm1d(norm.num_features, affine=False, device=device)
    trials = {name: Heads(head, name, rates) for name in optimizers}
    started, rows = time.monotonic(), []
    bar = progress(total=epochs * len(training), unit="image", desc=f"{len(optimizers) * len(rates)} trials")
    for epoch in range(1, epochs + 1):
        order, _ = start_epoch(len(training), batch_size, seed, STAGE, epoch)
        trained_state = {name: torch.zeros(2, len(rates), device=device) for name in trials}
        for batch in order.to(device).split(batch_size):
            features, label = training[batch]
            normal = normalise.train()(features)
            keep = dropout.train()(torch.ones_like(normal))
            for name, heads in trials.items():
                trained_state[name] += heads.learn(normal, keep, label)
            bar.update(len(batch))
        with torch.no_grad():
            features, label = validation.tensors
            normal = normalise.eval()(features)
            for name, heads in trials.items():
                logits = heads(normal, torch.ones_like(normal)).cpu().numpy()
                for lr, own, sums in zip(rates, logits, (trained_state[name].T / len(order)).tolist(), strict=True):
                    rows.append([name, lr, epoch, *sums, *loss_and_accuracy(own, label.cpu().numpy())])
    bar.close()
    logging.info("%d trials of %d epochs: %.1f s", len(optimizers) * len(rates), epochs, time.monotonic() - started)
    columns = ["optimizer", "lr", "epoch", "loss", "accuracy", "valid_loss", "valid_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def winner(trials: pd.DataFrame) -> dict:
    """The row of `trials` with the lowest validation loss; of equal ones the first."""
    best = trials.sort_values("valid_loss", kind="stable").iloc[0].to_dict()
    if not math.isfinite(best["valid_loss"]):
        raise InputError(
            "No trial ended an epoch with a finite loss: lower `learning_rates` of `search`, and check `mean` and "
            "`std` of the backbone."
        )
    return best
