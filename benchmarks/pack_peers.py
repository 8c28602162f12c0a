"""Seconds in which Pillow or OpenCV decodes, resizes and saves all images of a folder, on every core.

Usage: python pack_peers.py IMAGES SIZE pillow|opencv
"""

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
from PIL import Image

CORES = len(os.sched_getaffinity(0))


def with_pillow(file: Path, size: int, made: Path) -> None:
    image = Image.open(file).convert("RGB")
    image.resize((size, size), Image.Resampling.BICUBIC).save(made, quality=90)


def with_opencv(file: Path, size: int, made: Path) -> None:
    image = cv2.resize(cv2.imread(str(file)), (size, size), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(made), image, [cv2.IMWRITE_JPEG_QUALITY, 90])


def main(images: str, size: int, peer: str) -> None:
    resize = {"pillow": with_pillow, "opencv": with_opencv}[peer]
    cv2.setNumThreads(1)  # the pool has a thread for each core already
    files = sorted(Path(images).rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(CORES) as pool:
        start = time.perf_counter()
        for done in [pool.submit(resize, file, size, Path(made, file.name)) for file in files]:
            done.result()
        print(time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
