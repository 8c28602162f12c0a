"""Images per second that Lesionflow trains, and its ceiling: the same step on one batch that lies in memory.

Measures both, in one line, for every line of its input.
Usage: PYTHONPATH=workflow/scripts python train_ours.py FOLDER BACKBONE STAGE WARM_UP BATCHES
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from lesionflow.data import images, packing
from lesionflow.data.store import Samples, Store
from lesionflow.training import backbones, depthwise, engine, folding
from lesionflow.training.augmentation import Augmentation, augment
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import Settings

ROOT = Path(__file__).parent.parent
CLASSES = [str(number) for number in range(8)]


def packed(folder: Path) -> Store:
    """The images of a folder by class, packed beside it once."""
    npy, csv = folder.with_suffix(".npy"), folder.with_suffix(".csv")
    if not csv.exists():
        found = images.RawImages(folder)
        names = sorted(found.files)
        pixels = np.lib.format.open_memmap(npy, "w+", np.uint8, (len(names), 224, 224, 3))
        table = packing.pack(found, names, pixels, threads=2)
        label = [Path(found.files[name]).parent.name for name in names]
        table.assign(label=label, shard="000").to_csv(csv, index=False)
    return Store(pd.read_csv(csv, dtype={"image": str, "shard": str, "label": str}), {"000": npy})


def main(folder: str, backbone: str, stage: int, warm_up: int, batches: int) -> None:
    store = packed(Path(folder))
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    recipe = config["protocols"]["corrected"]
    settings = Settings.from_config(recipe, {"epochs": 1, "lr": 1e-4, "augment": True}, stage, seed=1)
    network = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], **config["backbones"][backbone]}
    model = backbones.new_classifier(network | {"weights": "none"}, len(CLASSES), None, seed=1)
    model.pretrained = True  # batch normalisation keeps its statistics, as it does with ImageNet's weights
    backbones.unfreeze(model, stage, network["unfreeze"])
    hardware = Hardware.choose("auto", os.cpu_count(), depthwise.depthwise_share(model, store.size))
    hardware.place(model)
    computing, scaler = folding.fold_normalisation(model, store.size), hardware.scaler()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=settings.lr)
    computing.eval()
    for module in backbones.modules_in_train_mode(computing):
        module.train()
    everything = Samples.from_list(store, store.manifest, CLASSES)

    def epoch(size: int) -> float:
        some = Samples(
            store, *(getattr(everything, name)[: 32 * size] for name in ("image", "neighbour", "weight", "label"))
        )
        start = time.perf_counter()
        engine.train_epoch(computing, optimizer, some, settings, 1, hardware, scaler)
        return time.perf_counter() - start

    def repeat(size: int) -> float:
        pixels = everything.read(np.arange(32)).to(hardware.device).float()
        draws = Augmentation(**recipe["augmentation"]).draw(32, torch.Generator().manual_seed(0))
        pixels, label = augment(pixels, *draws), torch.from_numpy(everything.label[:32])
        start = time.perf_counter()
        for _ in range(size):
            engine.train_step(computing, optimizer, settings.loss, pixels, label, hardware, scaler)
        return time.perf_counter() - start

    for _ in sys.stdin:
        for run in (epoch, repeat):
            run(warm_up)
            print(32 * batches / run(batches), end=" ")
        print(flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
