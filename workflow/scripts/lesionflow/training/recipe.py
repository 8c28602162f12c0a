"""Optimizers, losses, and the settings of a stage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F

from lesionflow.training.augmentation import Augmentation

# Fused, all parameters are updated in one pass: a sixth of the time on a processor.
OPTIMIZERS = {
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr, fused=True),
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr, momentum=0.9, fused=True),
    "rmsprop": lambda parameters, lr: torch.optim.RMSprop(parameters, lr, momentum=0.9),
}

# (logits [n, classes], label [n]) → the mean loss of a batch; with reduction="none", the loss of each image [n].
LOSSES: dict[str, Callable[..., torch.Tensor]] = {"cross_entropy": F.cross_entropy}


@dataclass(frozen=True)
class Settings:
    """The recipe of one stage."""

    epochs: int
    lr: float
    optimizer: str
    batch_size: int
    patience: int  # epochs without a lower validation loss before training stops
    keep: str  # "best" validation epoch or "last"
    seed: int
    stage: int
    augmentation: Augmentation | None
    loss: str = "cross_entropy"

    @classmethod
    def from_config(
        cls, protocol: Mapping, stage_settings: Mapping, stage: int, seed: int, loss: str = "cross_entropy"
    ) -> "Settings":
        """Return settings from a protocol of the config, its stage settings (epochs, lr, augment), and the loss."""
        recipe = {key: protocol[key] for key in ("optimizer", "batch_size", "patience", "keep")}
        ranges = protocol.get("augmentation")
        augmentation = Augmentation(**ranges) if ranges and stage_settings["augment"] else None
        epochs, lr = stage_settings["epochs"], stage_settings["lr"]
        return cls(**recipe, epochs=epochs, lr=lr, stage=stage, seed=seed, augmentation=augmentation, loss=loss)

    def tuned(self, winner: Mapping) -> "Settings":
        """Return a copy with optimizer and learning rate of winner.json of a search; in stage 3 a tenth of the rate."""
        lr = winner["lr"] / 10 if self.stage == 3 else winner["lr"]
        return replace(self, optimizer=winner["optimizer"], lr=lr)
