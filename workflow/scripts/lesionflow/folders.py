"""A dataset as folders by class, for other tools: every image a file, the synthetic ones too."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.batches import Images, Store
from lesionflow.files import progress
from lesionflow.splits import PARTS

CHUNK = 64  # images in memory at a time


def list_files(manifest: pd.DataFrame, split: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """The files of a dataset: file, label, image, neighbour and weight of each.

    `file` is part/class/image.png, or part/class/synthetic_N_image_neighbour.png, where N is the row's number in the
    training list `training`, and image and neighbour are its parents. `manifest` has image and label, `split` image
    and part; of its training part only what the list names is a file.
    """
    judged = split[split["part"].isin(PARTS) & (split["part"] != "train")].merge(manifest[["image", "label"]])
    files = pd.concat([training.assign(part="train"), judged], ignore_index=True)
    row = files.index.astype(str)
    made = "synthetic_" + row.str.zfill(6) + "_" + files["image"] + "_" + files["neighbour"].fillna("")
    name = files["image"].where(files["neighbour"].isna(), made)
    return files.assign(file=files["part"] + "/" + files["label"] + "/" + name + ".png")


def write_folders(store: Store, files: pd.DataFrame, classes: list[str], folder: Path, threads: int) -> None:
    """Write each of `files` (see `list_files`) as PNG under `folder`.

    Real images are the packed pixels; synthetic ones are what models are shown, rounded to whole numbers.
    """
    images = Images.from_list(store, files, classes)
    for parent in sorted({Path(file).parent for file in files["file"]}):
        (folder / parent).mkdir(parents=True)

    def write(file: str, pixels: np.ndarray) -> None:
        Image.fromarray(pixels).save(folder / file)

    chunks: Sequence[np.ndarray] = np.split(np.arange(len(files)), range(CHUNK, len(files), CHUNK))
    with ThreadPoolExecutor(threads) as pool:
        for rows in progress(chunks, unit="chunk"):
            pixels = images.read(rows).permute(0, 2, 3, 1).round().numpy().astype(np.uint8)
            list(pool.map(write, files["file"].iloc[rows], pixels))
