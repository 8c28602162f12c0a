"""The store, the packed images of a collection, and samples of it: real images, and synthetic ones mixed when read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lesionflow.data.shards import damaged_shard, open_pixels, read_shard
from lesionflow.files import InputError
from lesionflow.lists import read_manifest


class Store:
    """Packed images of a collection, memory-mapped, in any number of shards.

    `manifest` has image, shard and row; `shards` maps shard names to .npy files (uint8 [n, size, size, 3]), `tables` to
    their tables, needed to verify pixels. Raises InputError if files are damaged or inconsistent.
    """

    def __init__(
        self,
        manifest: pd.DataFrame,
        shards: Mapping[str, str | Path],
        tables: Mapping[str, str | Path] | None = None,
    ):
        self.manifest = manifest
        self.names = pd.Index(manifest["image"])
        self.row = manifest["row"].to_numpy()
        names = sorted(shards)
        self.shard = pd.Index(names).get_indexer(manifest["shard"].astype(str))
        self.tables = [tables[name] for name in names] if tables else []
        self.maps = [open_pixels(shards[name], (tables or shards)[name]) for name in names]
        self.size = self.maps[0].shape[1]
        lengths = np.array([len(pixels) for pixels in self.maps])
        if (self.shard < 0).any() or (self.row >= lengths[self.shard]).any():
            raise InputError(
                "manifest.csv names images that were not packed: delete manifest.csv and store.json, and start again."
            )

    def positions(self, images: pd.Series | pd.Index) -> np.ndarray:
        """Return the positions of images in the manifest. Raises InputError if one is missing."""
        positions = self.names.get_indexer(images)
        if (positions < 0).any():
            raise InputError(
                f"Image {images[positions < 0].tolist()[0]} of a list is not in manifest.csv: "
                "delete the list (split.csv or training.csv) and start again."
            )
        return positions

    def verify(self, positions: np.ndarray) -> None:
        """Compare names and SHA-256 of images at `positions` with the shard tables. Raises InputError if one differs.

        Takes as long as reading them once. Without `tables` nothing is compared.
        """
        for shard, table in enumerate(self.tables):
            here = np.unique(positions[self.shard[positions] == shard])
            if not len(here):
                continue
            packed = read_shard(table)
            known = packed.loc[self.row[here], ["image", "pixels"]].to_numpy()
            for position, (image, digest) in zip(here, known, strict=True):
                pixels = np.ascontiguousarray(self.maps[shard][self.row[position]])
                if image != self.names[position] or hashlib.sha256(pixels.data).hexdigest() != digest:
                    raise damaged_shard(
                        Path(table).with_suffix(".npy"), f"image {self.names[position]} differs from the packed one"
                    )

    def read(self, positions: np.ndarray, lines: slice = slice(None)) -> np.ndarray:
        """Return pixels uint8 [n, size, size, 3] of the images at `positions`, or only the given `lines` of each."""
        pixels = np.empty((len(positions), len(range(self.size)[lines]), self.size, 3), np.uint8)
        for shard in np.unique(self.shard[positions]):
            here = self.shard[positions] == shard
            pixels[here] = self.maps[shard][:, lines][self.row[positions[here]]]
        return pixels

    def row_blocks(self, positions: np.ndarray, height: int = 32) -> Iterator[np.ndarray]:
        """Yield the images at `positions` from top to bottom, `height` lines of all images at a time."""
        for top in range(0, self.size, height):
            yield self.read(positions, slice(top, top + height))


def open_store(
    manifest: str | Path, shards: Sequence[str | Path], originals: Sequence[str | Path] | None = None
) -> Store:
    """Open the store of a manifest.csv and its shards.

    If `shards` are copies, `originals` are the original files, with the tables beside them.
    """
    tables = {Path(shard).stem: Path(shard).with_suffix(".csv") for shard in originals or shards}
    return Store(read_manifest(manifest), {Path(shard).stem: shard for shard in shards}, tables)


def packed_store(
    tables: Sequence[str | Path], pixels: Sequence[str | Path], prefixes: Sequence[str] | None = None
) -> Store:
    """Open a store of all readable images before a manifest exists.

    `prefixes`, one per shard, are prepended to image names.
    """
    packed = []
    for number, (table, prefix) in enumerate(zip(tables, prefixes or [""] * len(tables), strict=True)):
        shard = read_shard(table).query("status == 'ok'").assign(shard=f"{number:04d}")
        packed.append(shard.assign(image=prefix + shard["image"]))
    return Store(pd.concat(packed), {f"{number:04d}": shard for number, shard in enumerate(pixels)})


@dataclass(frozen=True)
class Samples:
    """Input of a model: real images, and synthetic ones as (1 - weight)·image + weight·neighbour."""

    store: Store
    image: np.ndarray  # positions in the store, [n]
    neighbour: np.ndarray  # positions in the store, -1 for a real image, [n]
    weight: np.ndarray  # float32 [n]
    label: np.ndarray  # class numbers, int64 [n]
    fetch: Callable[[np.ndarray], torch.Tensor] | None = None  # positions → pixels on another device than the CPU

    @classmethod
    def from_list(cls, store: Store, training: pd.DataFrame, classes: list[str]) -> "Samples":
        """Build samples from a table with label and image, and optionally neighbour and weight; verify all pixels."""
        training = training.reindex(columns=["label", "image", "neighbour", "weight"])
        image, neighbour = store.positions(training["image"]), np.full(len(training), -1)
        synthetic = training["neighbour"].notna().to_numpy()
        neighbour[synthetic] = store.positions(training.loc[synthetic, "neighbour"])
        store.verify(np.concatenate([image, neighbour[synthetic]]))
        return cls(
            store,
            image,
            neighbour,
            training["weight"].fillna(0).to_numpy(np.float32),
            pd.Categorical(training["label"], categories=classes).codes.astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.image)

    def read(self, rows: np.ndarray) -> torch.Tensor:
        """Return pixels [n, 3, size, size], channels-last: uint8 if all are real, else float32, 0 to 255."""
        fetch = self.fetch or (lambda positions: torch.from_numpy(self.store.read(positions)))
        pixels = fetch(self.image[rows])
        synthetic = np.flatnonzero(self.neighbour[rows] >= 0)
        if len(synthetic):
            neighbours, pixels = fetch(self.neighbour[rows[synthetic]]).float(), pixels.float()
            weight = torch.from_numpy(self.weight[rows[synthetic]])[:, None, None, None]
            place, weight = (
                each.to(pixels.device, non_blocking=True) for each in (torch.from_numpy(synthetic), weight)
            )
            pixels[place] = torch.lerp(pixels[place], neighbours, weight)
        return pixels.permute(0, 3, 1, 2)
