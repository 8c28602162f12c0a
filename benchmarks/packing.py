"""Packing a folder of real images beside what Pillow and OpenCV take to resize them, all on every core.

Usage: PYTHONPATH=workflow/scripts python packing.py IMAGES [SIZE]; OpenCV takes part where it is installed.
Ours verifies and hashes each file besides, and all three write what they made.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from summary import add_row

from lesionflow.images import Images
from lesionflow.packing import pack

try:
    import cv2
except ImportError:
    cv2 = None

ROUNDS = 5
CORES = len(os.sched_getaffinity(0))


def ours(images: Images, size: int, folder: Path) -> np.ndarray:
    """As the rule pack_images; returns the packed pixels."""
    shape = (len(images.files), size, size, 3)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, shape)
    pack(images, list(images.files), pixels, CORES).to_csv(folder / "table.csv", index=False)
    pixels.flush()
    return pixels


def full(file: str, size: int) -> Image.Image:
    """Full decoding and a bicubic resize: the quality that others are measured by."""
    return Image.open(file).convert("RGB").resize((size, size), Image.Resampling.BICUBIC)


def with_pillow(file: str, size: int, made: Path) -> None:
    full(file, size).save(made, quality=90)


def with_opencv(file: str, size: int, made: Path) -> None:
    image = cv2.resize(cv2.imread(file), (size, size), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(made), image, [cv2.IMWRITE_JPEG_QUALITY, 90])


def theirs(resize: Callable[[str, int, Path], None], images: Images, size: int, folder: Path) -> None:
    """A peer's resize of all images, as many at a time as there are cores."""
    with ThreadPoolExecutor(CORES) as pool:
        for done in [pool.submit(resize, file, size, folder / f"{n}.jpg") for n, file in images.files.items()]:
            done.result()


def seconds(function: Callable, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main(path: str, size: int = 224) -> None:
    images, peers = Images(path), {"Pillow": (with_pillow, 2)}
    if cv2:
        cv2.setNumThreads(1)  # the pool has a thread for each core already
        peers["OpenCV"] = (with_opencv, 1.3)
    ratios: dict[str, list[float]] = {peer: [] for peer in peers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pixels = ours(images, size, folder)  # reads every file once before anything is timed
        off = [
            np.abs(packed.astype(int) - np.asarray(full(file, size))).mean()
            for packed, file in zip(pixels, images.files.values(), strict=True)
        ]
        for _ in range(ROUNDS):
            own = seconds(ours, images, size, folder)
            print(f"{len(off) / own:.0f} images a second on {CORES} cores", flush=True)
            for peer, (resize, _) in peers.items():
                ratios[peer].append(seconds(theirs, resize, images, size, folder) / own)
    for peer, (_, target) in peers.items():
        add_row(f"pack at {size} px", peer, ratios[peer], target)
    print(f"grey levels off full decoding and a bicubic resize: {np.mean(off):.3f} in the mean, {max(off):.3f} at most")
    add_row(f"pack at {size} px, nearness to full quality", "1 grey level", [1 / float(np.mean(off))], 1)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
