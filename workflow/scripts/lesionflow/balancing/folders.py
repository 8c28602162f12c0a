"""A dataset as folders by class, for other tools: one file per image, synthetic ones included."""

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.data.store import Samples, Store
from lesionflow.lists import write_table
from lesionflow.logs import progress
from lesionflow.splits.methods import PARTS

CHUNK = 64  # images in memory at a time
LONGEST = 255 - len(".png")  # bytes of a name, on nearly every file system
# What separates folders, or is refused or changed by one file system or another.
ODD = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]|^[. ]|[. ]$")


def list_files(manifest: pd.DataFrame, split: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """The files of a dataset: file, label, image, neighbour and weight of each.

    `file` is part/class/image.png, or part/class/synthetic_N_image_neighbour.png, where N is the row's number in the
    training list `training`, and image and neighbour are its parents; see `safe_names` for names that cannot be
    files. `manifest` has image and label, `split` image and part; of its training part only what the list names is a
    file.
    """
    judged = split[split["part"].isin(PARTS) & (split["part"] != "train")].merge(manifest[["image", "label"]])
    files = pd.concat([training.assign(part="train"), judged], ignore_index=True)
    row = files.index.astype(str)
    made = "synthetic_" + row.str.zfill(6) + "_" + files["image"] + "_" + files["neighbour"].fillna("")
    name = files["image"].where(files["neighbour"].isna(), made)
    labels = files["label"].drop_duplicates()
    folder = files["part"] + "/" + files["label"].map(dict(zip(labels, safe_names(labels, labels), strict=True)))
    identity = files["image"] + "\0" + files["neighbour"].fillna("\0")
    files["file"] = folder + "/" + safe_names(name, identity, within=folder) + ".png"
    return files[["file", "label", "image", "neighbour", "weight"]]


def safe_names(names: pd.Series, identity: pd.Series, within: pd.Series | str = "") -> pd.Series:
    """Names [n] of files in the folders `within` [n]: unchanged where possible, else with a digest at their end.

    A name is changed if it has characters that file systems refuse, is too long, or differs from another one in its
    folder in case only. The digest is of what the name stands for, its `identity` [n].
    """
    plain = names.str.replace(ODD, "_", regex=True)
    size = plain.map(lambda name: len(name.encode()))
    twins = pd.DataFrame({"within": within, "name": plain.str.casefold()}).duplicated(keep=False)
    digest = "_" + identity.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    room = LONGEST - 17
    cut = plain.map(lambda name: name.encode()[:room].decode(errors="ignore"))
    return plain.mask((plain != names) | (size > LONGEST) | twins, cut + digest)


def write_folders(store: Store, files: pd.DataFrame, classes: list[str], folder: Path, threads: int) -> None:
    """Write each of `files` (see `list_files`) as PNG under `folder`, and beside them files.csv, which lists them.

    Real images are the packed pixels; synthetic ones are what models are trained on, rounded to integers.
    """
    images = Samples.from_list(store, files, classes)
    write_table(folder / "files.csv", files)
    for parent in sorted({Path(file).parent for file in files["file"]}):
        (folder / parent).mkdir(parents=True)

    def write(file: str, pixels: np.ndarray) -> None:
        Image.fromarray(pixels).save(folder / file)

    chunks: Sequence[np.ndarray] = np.split(np.arange(len(files)), range(CHUNK, len(files), CHUNK))
    with ThreadPoolExecutor(threads) as pool:
        for rows in progress(chunks, unit="chunk"):
            pixels = images.read(rows).permute(0, 2, 3, 1).round().numpy().astype(np.uint8)
            list(pool.map(write, files["file"].iloc[rows], pixels))
