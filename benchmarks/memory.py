"""Anonymous memory of a training process on stores of 2,400, 25,331 and 1,000,000 images (a sparse file).

Usage: PYTHONPATH=workflow/scripts python memory.py [IMAGES]; without IMAGES it measures the three.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = (2_400, 25_331, 1_000_000)


def sparse_store(folder: Path, images: int):
    """A store of `images` black images in two shards that take no room on the disk."""
    from lesionflow.data.store import Store

    names = [f"ISIC_{number:07d}" for number in range(images)]
    half = images // 2
    table = pd.DataFrame({"image": names, "label": "NV", "shard": "000", "row": np.arange(images)})
    table.loc[half:, "shard"], table.loc[half:, "row"] = "001", np.arange(images - half)
    shards = {"000": folder / "000.npy", "001": folder / "001.npy"}
    for shard, rows in zip(shards.values(), (half, images - half), strict=True):
        np.lib.format.open_memmap(shard, "w+", np.uint8, (rows, 224, 224, 3))
    return Store(table, shards)


def train(images: int) -> None:
    """A few batches of stage 1 from all over the store, then what this process holds that is not a file's."""
    import torch
    import yaml

    from lesionflow.data.store import Samples
    from lesionflow.training import backbones, engine
    from lesionflow.training.hardware import Hardware
    from lesionflow.training.recipe import Settings

    config = yaml.safe_load((Path(__file__).parent.parent / "config/config.yaml").read_text())
    recipe = config["protocols"]["corrected"]
    settings = Settings.from_config(recipe, {"epochs": 1, "lr": 1e-3, "augment": True}, 1, seed=1)
    network = {"mean": [0.5] * 3, "std": [0.5] * 3, **config["backbones"]["efficientnet_lite0"], "weights": "none"}
    model = backbones.new_classifier(network, 8, None, seed=1)
    backbones.unfreeze(model, 1, network["unfreeze"])
    hardware = Hardware.choose("auto", 2)
    with tempfile.TemporaryDirectory() as folder:
        store = sparse_store(Path(folder), images)
        rows = store.manifest.sample(320, random_state=0)
        everything = Samples.from_list(store, store.manifest, config["classes"])
        some = Samples.from_list(store, rows, config["classes"])
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
        engine.train_epoch(hardware.place(model).eval(), optimizer, some, settings, 1, hardware, hardware.scaler())
        status = Path("/proc/self/status").read_text()
        print(len(everything), *(int(re.search(rf"{key}:\s+(\d+)", status)[1]) // 1024 for key in ("RssAnon", "VmHWM")))


def main() -> None:
    for images in SIZES:
        done = subprocess.run([sys.executable, __file__, str(images)], capture_output=True, text=True, check=True)
        found, anonymous, peak = done.stdout.split()
        print(f"{int(found):,} images: {anonymous} MB anonymous, {peak} MB at most with file pages")


if __name__ == "__main__":
    train(int(sys.argv[1])) if len(sys.argv) > 1 else main()
