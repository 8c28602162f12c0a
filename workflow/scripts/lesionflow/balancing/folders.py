"""Export of a dataset for other tools: folders by class, one file per real or synthetic image."""

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
    """Return the files of a dataset, with the columns file, label, image, neighbour and weight.

    `file` is part/class/image.png, or part/class/synthetic_N_image_neighbour.png, where N is the row number in the
    training list `training`, and image and neighbour are the parents; `safe_names` replaces invalid names.
    `manifest` has image and label, `split` image and part. Training images that are not in the list are omitted.
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
    """Return file names [n], valid and unique in the folders `within` [n]: unchanged, or else ending in a digest.

    A name is changed if it has characters that file systems refuse, is too long, or differs from another one in its
    folder only in case. The digest is of its `identity` [n].
    """
    plain = names.str.replace(ODD, "_", regex=True)
    size = plain.map(lambda name: len(name.encode()))
    twins = pd.DataFrame({"within": within, "name": plain.str.casefold()}).duplicated(keep=False)
    digest = "_" + identity.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    room = LONGEST - 17
    cut = plain.map(lambda name: name.encode()[:room].decode(errors="ignore"))
    return plain.mask((plain != names) | (size > LONGEST) | twins, cut + digest)


def write_folders(store: Store, files: pd.DataFrame, classes: list[str], folder: Path, threads: int) -> None:
    """Write each of `files` (see `list_files`) as PNG under `folder`, and their list as files.csv.

    Real images are the packed pixels; synthetic images are mixed as in training and rounded to integers.
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
