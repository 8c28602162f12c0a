"""Search of 3 optimizers × 5 learning rates × 20 epochs on 2,000 images beside the same trials in Keras.

Keras trains two trials for some batches each; what all 15 would take is worked out from their images per second.
Usage: PYTHONPATH=workflow/scripts python search.py PEERS_PYTHON [ROUNDS]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import yaml
from summary import add_row
from train_ours import CLASSES, ROOT, packed
from training import draw_images, measure

from lesionflow.data.store import Samples
from lesionflow.training import backbones, search
from lesionflow.training.hardware import Hardware

IMAGES, TRIALS_OF_KERAS, BATCHES = 2_000, 2, (2, 10)


def search_once(folder: Path, config: dict) -> float:
    """Seconds of a whole search, from packed images to its trials."""
    wanted, store = config["search"], packed(folder)
    network = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], **config["backbones"]["efficientnet_b0"]}
    started = time.perf_counter()
    hardware = Hardware.choose("auto", os.cpu_count())
    model = hardware.place(backbones.new_classifier(network | {"weights": "none"}, len(CLASSES), None, seed=1))
    model.pretrained = True
    parts = (Samples.from_list(store, rows, CLASSES) for rows in (store.manifest[:-400], store.manifest[-400:]))
    seen = [search.extract_features(model, images, hardware, "cached") for images in parts]
    search.search(model.head, *seen, wanted["optimizers"], wanted["learning_rates"], wanted["epochs"], 32, seed=1)
    return time.perf_counter() - started


def main(peers: str, rounds: int = 5) -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    wanted = config["search"]
    shown = len(wanted["optimizers"]) * len(wanted["learning_rates"]) * wanted["epochs"] * IMAGES
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        draw_images(folder, IMAGES + 400)
        packed(folder)
        for _ in range(rounds):
            ours = search_once(folder, config)
            trial = ("train_keras.py", folder, "efficientnet_b0", 1, *BATCHES)
            rates = [float(measure(peers, *trial)[-1]) for _ in range(TRIALS_OF_KERAS)]
            ratios.append(shown / (sum(rates) / len(rates)) / ours)
            print(f"search {ours:.0f} s, Keras {rates}", flush=True)
    add_row("search, 15 trials of 20 epochs, EfficientNet-B0", "Keras, extrapolated", ratios, 300)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
