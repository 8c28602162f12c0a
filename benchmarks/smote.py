"""SMOTE of whole images at 224 px: small classes beside imbalanced-learn, then all classes of ISIC 2019.

Usage: PYTHONPATH=workflow/scripts python smote.py [FOLDER]; FOLDER gets a temporary file of 3.8 GB.
"""

import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from summary import add_row

from lesionflow.balancing.smote import balance
from lesionflow.data.store import Samples, Store

COUNTS = {"MEL": 4522, "NV": 12875, "BCC": 3323, "AK": 867, "BKL": 2624, "DF": 239, "VASC": 253, "SCC": 628}
SMALL, EACH = ["AK", "DF", "SCC", "VASC"], 1000
ROUNDS = 5


def draw_store(folder: Path) -> None:
    """Random images of every class."""
    random = np.random.default_rng(0)
    pixels = np.lib.format.open_memmap(folder / "000.npy", "w+", np.uint8, (sum(COUNTS.values()), 224, 224, 3))
    for start in range(0, len(pixels), 1000):
        some = pixels[start : start + 1000]
        some[:] = np.frombuffer(random.bytes(some.nbytes), np.uint8).reshape(some.shape)
    pixels.flush()


def open_store(folder: Path) -> Store:
    labels = np.repeat(list(COUNTS), list(COUNTS.values()))
    names = [f"ISIC_{number:07d}" for number in range(len(labels))]
    table = pd.DataFrame({"image": names, "label": labels, "shard": "000", "row": np.arange(len(labels))})
    return Store(table, {"000": folder / "000.npy"})


def anonymous() -> float:
    """Gigabytes that this process holds and that are not pages of a file (Linux)."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024 / 1e9


class Watch(threading.Thread):
    """The time that a block takes and the most anonymous memory in it, seen every 10 ms."""

    def __enter__(self) -> "Watch":
        self.ended, self.gigabytes, self.began = threading.Event(), anonymous(), time.perf_counter()
        self.start()
        return self

    def run(self) -> None:
        while not self.ended.wait(0.01):
            self.gigabytes = max(self.gigabytes, anonymous())

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self.began
        self.ended.set()
        self.join()


def plan(store: Store, classes: list[str], each: int) -> pd.DataFrame:
    """The training list."""
    labels = store.manifest.set_index("image")["label"]
    labels = labels[labels.isin(classes)]
    return balance(labels, lambda images: store.row_blocks(store.positions(images)), 1, each, oversample="smote")


def ours(folder: Path) -> tuple[float, float, float]:
    """Small classes: seconds of the plan, of the plan and all its images, and gigabytes."""
    store = open_store(folder)
    with Watch() as both:
        with Watch() as listing:
            training = plan(store, SMALL, EACH)
        images = Samples.from_list(store, training[training["neighbour"].notna()], SMALL)
        for first in range(0, len(images), 32):
            images.read(np.arange(first, min(first + 32, len(images))))
    training.to_csv(folder / "training.csv", index=False)
    return listing.seconds, both.seconds, both.gigabytes


def theirs(folder: Path) -> tuple[float, float, float]:
    """Small classes: seconds (reading not counted), gigabytes, and grey levels between its images and ours."""
    store = open_store(folder)
    table = store.manifest[store.manifest["label"].isin(SMALL)]
    pixels = store.read(table.index.to_numpy()).reshape(len(table), -1).astype(np.float32)
    with Watch() as watch:
        smote = SMOTE(sampling_strategy=dict.fromkeys(SMALL, EACH), random_state=1)
        made, labels = smote.fit_resample(pixels, table["label"].to_numpy())
    training = pd.read_csv(folder / "training.csv").dropna()
    assert list(training["label"]) == list(labels[len(table) :])
    images = Samples.from_list(store, training, SMALL)
    pairs = ((images.read(np.array([row])), made[len(table) + row]) for row in range(len(images)))
    off = max(np.abs(own.permute(0, 2, 3, 1).numpy().ravel() - other).max() for own, other in pairs)
    return watch.seconds, watch.gigabytes, float(off)


def everything(folder: Path) -> tuple[float, float, int]:
    """All classes: seconds, gigabytes, and the number of synthetic images."""
    with Watch() as watch:
        training = plan(open_store(folder), list(COUNTS), max(COUNTS.values()))
    return watch.seconds, watch.gigabytes, int(training["neighbour"].notna().sum())


def alone(function: Callable[[Path], Any], folder: Path) -> Any:
    """What `function` returns, from a process of its own, whose memory is nobody else's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, folder).result()


def main(where: str | None = None) -> None:
    ratios: dict[str, list[float]] = {"SMOTE": [], "SMOTE and its images": [], "SMOTE, anonymous memory": []}
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        alone(draw_store, folder)
        for _ in range(ROUNDS):
            seconds, with_images, gigabytes = alone(ours, folder)
            their_seconds, their_gigabytes, off = alone(theirs, folder)
            print(f"ours {seconds:.1f} s, with images {with_images:.1f} s, {gigabytes:.2f} GB; imbalanced-learn's")
            print(f"{their_seconds:.1f} s, {their_gigabytes:.2f} GB, {off:.5f} grey levels apart", flush=True)
            ratio = (their_seconds / seconds, their_seconds / with_images, their_gigabytes / gigabytes)
            for work, value in zip(ratios, ratio, strict=True):
                ratios[work].append(value)
        for work, target in zip(ratios, (2, 2, 5), strict=True):
            add_row(work, "imbalanced-learn", ratios[work], target)
        seconds, gigabytes, count = alone(everything, folder)
    print(f"ISIC 2019, {count:,} synthetic images: {seconds:.0f} s, {gigabytes:.2f} GB anonymous")
    add_row("SMOTE of ISIC 2019", "10 minutes", [600 / seconds], 1)
    add_row("SMOTE of ISIC 2019, anonymous memory", "4 GB", [4 / gigabytes], 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
