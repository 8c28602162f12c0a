"""Classes, split and balancing that a collection allows, tried out, and what they cost."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import timm
import torch

from lesionflow.data.images import RawImages
from lesionflow.data.manifest import groups
from lesionflow.data.packing import pack
from lesionflow.files import InputError
from lesionflow.splits.methods import PARTS, split_by_group
from lesionflow.splits.study_size import study_size

FEWEST = 10  # images of a class
SAMPLE = 50  # images whose size is looked at
NEIGHBOURS = 5  # of SMOTE; as in the study
FILLED_UP = 1.2  # images that SMOTE fills a class up to, by real ones; as in the study
PRETRAINED = 224  # pixels; the side that the backbones were pretrained on


@dataclass(frozen=True)
class Plan:
    """What can be run on a collection.

    left_out: reason by class. parts: images by class (index) and part (columns) in the split of seed 1.
    conflicting: images of lesions with several classes, which are left out. size: see `study_size`.
    limit: training images of the smallest class. test and valid: images per class, if a class has enough.
    """

    left_out: dict[str, str]
    parts: pd.DataFrame
    conflicting: int
    size: pd.DataFrame
    limit: int
    test: int
    valid: int

    def datasets(self) -> dict[str, dict]:
        """Return the settings of each dataset: SMOTE only if classes have more than a few training images."""
        datasets: dict[str, dict] = {"undersampled": {"limit": self.limit}}
        if self.limit > 2 * NEIGHBOURS:
            most, how = round(self.limit * FILLED_UP), {"oversample": "smote", "k_neighbors": NEIGHBOURS}
            datasets["smote"] = {"limit": most, "real_limit": self.limit, **how}
        return datasets


def plan(described: pd.DataFrame, test: int, valid: int) -> Plan:
    """Return what can be run on images `described` as in labels.csv, with `test` and `valid` images per class.

    Near duplicates, which also join groups, are not known yet. Raises InputError if fewer than two classes remain.
    """
    classes = described.groupby("lesion")["label"].transform("nunique")
    used = described[~(classes > 1)]
    counts = described["label"].value_counts()
    left_out = {str(name): f"only {count} images" for name, count in counts.items() if count < FEWEST}
    while True:
        kept = used[~used["label"].isin(left_out)].reset_index(drop=True)
        kept = kept.assign(group=groups(kept))
        units = kept.groupby("label")["group"].nunique().sort_values(kind="stable")
        if len(units) < 2:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
            raise InputError(
                f"Fewer than two classes have enough images for a split ({reasons or 'no class has too few'}; "
                f"{len(described) - len(used)} of {len(described)} images are of lesions with several classes): add "
                "images, or check which columns have class and lesion."
            )
        try:
            part = split_by_group(kept, 1, test, valid)
            break
        except InputError:
            left_out[units.index[0]] = f"its {units.iloc[0]} lesions or patients are too few for three parts"
    label = kept.set_index("image")["label"]
    parts = pd.crosstab(label[part.index], part).reindex(columns=[*PARTS, "unused"], fill_value=0)
    parts = parts.loc[label.value_counts().index]
    size = study_size(kept.assign(lesion=kept["group"]), list(parts.index), parts["test"].tolist())
    return Plan(left_out, parts, len(described) - len(used), size, int(parts["train"].min()), test, valid)


@dataclass(frozen=True)
class Sizes:
    """Sizes of a sample of the images in pixels, and the first reason of each that cannot be read."""

    widths: pd.Series
    heights: pd.Series
    unread: pd.Series

    def proposed(self) -> int:
        """Return the side to pack: what the backbones were pretrained on, or less if most images are smaller."""
        side = min(self.widths.median(), self.heights.median(), PRETRAINED)
        return max(32, int(side) // 32 * 32)


def sample_sizes(images: RawImages) -> Sizes:
    """Return the sizes of SAMPLE images, evenly from all. Raises InputError if none of them can be read."""
    names = sorted(images.files)
    names = [names[place] for place in np.unique(np.linspace(0, len(names) - 1, SAMPLE).astype(int))]
    table = pack(images, names, np.empty((len(names), 32, 32, 3), np.uint8), threads=1)
    good = table[table["status"] == "ok"]
    if good.empty:
        raise InputError(
            f"None of {len(names)} images of {images.path} can be read; {names[0]} {table['status'][0]}: replace them."
        )
    return Sizes(good["width"], good["height"], table.loc[table["status"] != "ok"].set_index("image")["status"])


def training_rate(architecture: str, size: int, batch: int = 16) -> float:
    """Measure the images per second of a training of all layers on the processor: the better of two batches."""
    model = timm.create_model(architecture).train()
    times = []
    for _ in range(2):
        start = time.perf_counter()
        model(torch.rand(batch, 3, size, size)).sum().backward()
        times.append(time.perf_counter() - start)
    return batch / min(times)


def processor() -> str:
    """Return the name of the processor, as the system knows it, and its number of cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not on Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(names or ['processor of unknown name'])[0]}, {os.cpu_count()} cores"
