"""A training that takes a second: seventeen images of two classes."""

import dataclasses
import os
import signal

import numpy as np
import pandas as pd

from lesionflow.data.store import Samples, Store
from lesionflow.training.augmentation import Augmentation
from lesionflow.training.backbones import new_classifier, save, unfreeze
from lesionflow.training.engine import fit
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import Settings

CONFIG = {
    "library": "timm",
    "architecture": "tf_efficientnet_lite0",
    "weights": "none",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "unfreeze": ["blocks.6", "conv_head", "bn2"],
}
SETTINGS = Settings(
    epochs=3,
    lr=0.01,
    optimizer="adam",
    batch_size=8,
    patience=10,
    keep="best",
    seed=1,
    stage=1,
    augmentation=Augmentation(30, 0.2, (0.55, 1.45), True, (0.8, 1.2)),
)


def bright_and_dark() -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 128, (17, 32, 32, 3), dtype=np.uint8)
    pixels[::2] += 120
    return pixels


def stripes_across_and_down() -> np.ndarray:
    """The same values for both classes, in noise: only how they are arranged differs."""
    stripes = np.broadcast_to(np.where(np.arange(32) // 4 % 2, 90, 160)[:, None, None], (32, 32, 3))
    noise = np.random.default_rng(0).integers(-60, 60, (17, 32, 32, 3))
    down = np.arange(17) % 2 == 1
    return (np.where(down[:, None, None, None], stripes.swapaxes(0, 1), stripes) + noise).astype(np.uint8)


def images(folder, pixels: np.ndarray | None = None) -> Samples:
    """Seventeen images of two classes in turn; in batches of eight the last would be a single image."""
    pixels = bright_and_dark() if pixels is None else pixels
    np.save(folder / "000.npy", pixels)
    names = [f"i{n}" for n in range(17)]
    manifest = pd.DataFrame({"image": names, "shard": "000", "row": range(17)})
    store = Store(manifest, {"000": folder / "000.npy"})
    table = pd.DataFrame({"image": names, "label": ["AB"[n % 2] for n in range(17)]})
    table["neighbour"], table["weight"] = None, 0.0
    table.loc[[3, 5], "neighbour"], table.loc[[3, 5], "weight"] = ["i7", "i9"], 0.4
    return Samples.from_list(store, table, ["A", "B"])


def train(folder, die_after: int = 0, config=CONFIG, pixels=None, precision="float32", **changes):
    """Train; with `die_after`, the process kills itself when that epoch's sidecar has been written."""
    settings = dataclasses.replace(SETTINGS, **changes)
    model = new_classifier(config, 2, None, 1)
    unfreeze(model, settings.stage, CONFIG["unfreeze"])
    data = images(folder, pixels)

    def die(epoch: int) -> None:
        if epoch == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    hardware = Hardware.choose(precision, 1)
    done = fit(model, data, data, settings, hardware, folder / "resume.pt", "identity", after_epoch=die)
    return model, done


def write(folder, **changes) -> tuple[bytes, bytes]:
    model, done = train(folder, **changes)
    save(model, folder / "model.safetensors")
    pd.DataFrame(done.history).to_csv(folder / "history.csv", index=False)
    return (folder / "model.safetensors").read_bytes(), (folder / "history.csv").read_bytes()
