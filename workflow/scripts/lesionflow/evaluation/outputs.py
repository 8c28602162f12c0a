"""The outputs of a network for parts of a collection, and their file. Without PyTorch, which takes seconds to load."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lesionflow.files import atomic_write, damaged, reading


@dataclass(frozen=True)
class Outputs:
    """What a network computes of n images: features before its last layer [n, d], and logits [n, classes].

    `label` has their class numbers [n], -1 where it is not known; `image` their names.
    """

    features: np.ndarray
    logits: np.ndarray
    label: np.ndarray
    image: np.ndarray

    def without(self, number: int) -> "Outputs":
        """All but the images and the logit of one class."""
        rest = self.label != number
        logits = np.delete(self.logits[rest], number, axis=1)
        return Outputs(self.features[rest], logits, self.label[rest], self.image[rest])


def write_outputs(path: str | Path, parts: Mapping[str, Outputs]) -> None:
    """Write the outputs of parts to an .npz: arrays are named PART_FIELD, such as train_features."""
    arrays = {f"{part}_{field}": array for part, own in parts.items() for field, array in asdict(own).items()}
    with atomic_write(path) as temporary:
        np.savez(temporary, **arrays)


def read_outputs(path: str | Path, parts: Sequence[str]) -> list[Outputs]:
    """Read the outputs of `parts` that `write_outputs` wrote. Raises InputError if the file is damaged."""
    try:
        with reading(path), np.load(path) as arrays:
            return [Outputs(**{key: arrays[f"{part}_{key}"] for key in Outputs.__annotations__}) for part in parts]
    except zipfile.BadZipFile as error:
        raise damaged(path, error) from None
