"""Training beside the study's stack and beside a plain PyTorch loop, and an epoch beside its ceiling.

Usage: python training.py PEERS_PYTHON [ROUNDS]; PEERS_PYTHON is the interpreter that has requirements.txt.
"""

import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from summary import add_row

HERE = Path(__file__).parent
CELLS = list(itertools.product(("efficientnet_b0", "resnet50"), (1, 2, 3)))
# Batches to warm up and to measure, of Lesionflow, plain PyTorch and Keras: enough for the loaders to have no head
# start, and fewer where a batch takes so long that no loader matters.
FAST, SLOW = ((2, 8), (6, 6), (1, 4)), ((1, 3), (1, 3), (1, 2))


def draw_images(folder: Path, count: int = 400) -> None:
    """Smooth random JPEGs of 224 px in eight folders, as a study keeps them after resizing."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / str(number % 8) / f"{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (28, 28, 3), dtype=np.uint8))
        small.resize((224, 224), Image.Resampling.BICUBIC).save(path, quality=90)


def command(python: str, script: str, *arguments: object) -> dict:
    """How to start a program of this folder, for `subprocess`."""
    paths = {"PYTHONPATH": str(HERE.parent / "workflow/scripts"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {"args": [python, str(HERE / script), *map(str, arguments)], "env": os.environ | paths, "text": True}


def measure(*program: object) -> list[str]:
    """What a program printed for one line of input, as words."""
    done = subprocess.run(**command(*program), input="\n", capture_output=True)
    if done.returncode:
        sys.exit(f"{program[1:]} failed:\n{done.stderr[-2000:]}")
    return done.stdout.split()


@contextmanager
def waiting(*program: object) -> Iterator[Callable[[], list[float]]]:
    """A program that measures whenever it is asked: a function that asks it, for the numbers of its last line."""
    with subprocess.Popen(**command(*program), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def ask() -> list[float]:
            process.stdin.write("\n")
            process.stdin.flush()
            while line := process.stdout.readline():
                if line[0].isdigit():
                    return [float(word) for word in line.split()]
            sys.exit(f"{program[1:]} failed")

        yield ask
        process.stdin.close()


def rounds(peers: str, folder: Path, cell: tuple[str, int], count: int) -> dict[str, list[float]]:
    """Ratios of one cell by peer, one a round; the three stacks take turns."""
    ratios: dict[str, list[float]] = {"Keras": [], "plain PyTorch": [], "ceiling": []}
    own, plain_batches, keras_batches = FAST if cell in CELLS[:2] else SLOW
    with (
        waiting(sys.executable, "train_ours.py", folder, *cell, *own) as ask_ours,
        waiting(sys.executable, "train_plain.py", folder, *cell, *plain_batches) as ask_plain,
        waiting(peers, "train_keras.py", folder, *cell, *keras_batches) as ask_keras,
    ):
        for _ in range(count):
            epoch, ceiling = ask_ours()
            for peer, rate in (("Keras", ask_keras()[0]), ("plain PyTorch", ask_plain()[0]), ("ceiling", ceiling)):
                ratios[peer].append(epoch / rate)
            print(
                cell,
                f"{epoch:.1f} images per second",
                {peer: round(r[-1], 2) for peer, r in ratios.items()},
                flush=True,
            )
    return ratios


def main(peers: str, count: int = 5) -> None:
    least = {"Keras": 2, "plain PyTorch": 1.2, "ceiling": 0.92}
    middle: dict[str, list[float]] = {peer: [] for peer in least}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        draw_images(folder)
        for cell in CELLS:
            for peer, ratios in rounds(peers, folder, cell, count).items():
                middle[peer].append(statistics.median(ratios))
                add_row(f"train {cell[0]}, stage {cell[1]}", peer, ratios, least[peer])
    for peer, target in (("Keras", 5), ("plain PyTorch", 2.5)):
        add_row("train, geometric mean", peer, [math.prod(middle[peer]) ** (1 / len(CELLS))], target)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
