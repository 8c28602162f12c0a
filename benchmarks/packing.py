"""Packing a folder of real JPEGs beside what Pillow and OpenCV take to resize them, all on every core.

Usage: PYTHONPATH=workflow/scripts python packing.py PEERS_PYTHON IMAGES
Ours verifies and hashes each file besides, and all three write what they made.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from summary import add_row
from training import measure

from lesionflow.data.images import RawImages
from lesionflow.data.packing import pack

ROUNDS, SIZE = 5, 224
CORES = len(os.sched_getaffinity(0))
PEERS = {"pillow": ("Pillow", 2), "opencv": ("OpenCV, INTER_AREA", 1.3)}


def ours(images: RawImages, folder: Path) -> tuple[float, np.ndarray]:
    """As the rule pack_images; seconds and the packed pixels."""
    start = time.perf_counter()
    shape = (len(images.files), SIZE, SIZE, 3)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, shape)
    pack(images, list(images.files), pixels, CORES).to_csv(folder / "table.csv", index=False)
    pixels.flush()
    return time.perf_counter() - start, pixels


def off(packed: np.ndarray, file: str) -> float:
    """Mean absolute difference, in grey levels, to full decoding and Pillow's bicubic resize."""
    full = Image.open(file).convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.abs(packed.astype(int) - np.asarray(full)).mean()


def main(peers: str, folder: str) -> None:
    torch.set_num_threads(1)  # as the rule pack_images
    images, ratios = RawImages(folder), {peer: [] for peer in PEERS}
    with tempfile.TemporaryDirectory() as made:
        _, pixels = ours(images, Path(made))  # reads every file once before anything is timed
        differences = [off(packed, file) for packed, file in zip(pixels, images.files.values(), strict=True)]
        for _ in range(ROUNDS):
            seconds, _ = ours(images, Path(made))
            print(f"{len(images.files) / seconds:.0f} images per second on {CORES} cores", flush=True)
            for peer, found in ratios.items():
                found.append(float(measure(peers, "pack_peers.py", folder, SIZE, peer)[-1]) / seconds)
    for peer, (name, target) in PEERS.items():
        add_row(f"pack at {SIZE} px", name, ratios[peer], target)
    mean = float(np.mean(differences))
    print(f"grey levels off: {mean:.3f} in the mean of images, {max(differences):.3f} at most")
    add_row(f"pack at {SIZE} px, nearness to full quality", "1 grey level", [1 / mean], 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
