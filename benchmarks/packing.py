"""Images a second and core that packing takes, on a folder or .zip of real images, beside Pillow's full decoding.

Usage: python benchmarks/packing.py IMAGES [SIZE]
"""

import io
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "workflow/scripts"))
from lesionflow.images import Images, pack

ROUNDS = 5


def plain(images: Images, names: list[str], size: int) -> None:
    """What a user would write: decode in full, resize, save."""
    for name in names:
        image = Image.open(io.BytesIO(images.read(name))).convert("RGB")
        image.resize((size, size), Image.Resampling.BICUBIC).save(io.BytesIO(), "JPEG", quality=90)


def main(path: str, size: int) -> None:
    images = Images(path)
    names = sorted(images.files)
    pixels = np.zeros((len(names), size, size, 3), np.uint8)
    rates, ratios = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        pack(images, names, pixels, threads=1)
        middle = time.perf_counter()
        plain(images, names, size)
        rates.append(len(names) / (middle - start))
        ratios.append((time.perf_counter() - middle) / (middle - start))
    print(f"packing at {size} px: {statistics.median(rates):.0f} images a second and core ({len(names)} images)")
    print(f"Pillow's full decoding takes {statistics.median(ratios):.2f} times as long ({ROUNDS} rounds)")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 224)
