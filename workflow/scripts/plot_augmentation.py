"""Plot a training image and augmented versions of it."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from lesionflow.data.store import open_store
from lesionflow.files import atomic_write
from lesionflow.lists import read_parts
from lesionflow.logs import job
from lesionflow.report.figures.data import augmentation_examples
from lesionflow.training.augmentation import Augmentation, augment

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        split = read_parts(inputs.split)
        image = split.loc[split["part"] == "train", "image"].iloc[:1]
        pixels = store.read(store.positions(image))
        random = torch.Generator().manual_seed(int(wildcards.seed))
        draws = Augmentation(**params.augmentation).draw(8, random)
        eight = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().expand(8, -1, -1, -1)
        pixels = np.concatenate([pixels, augment(eight, *draws).permute(0, 2, 3, 1).numpy()])
        split = {"protocol": wildcards.protocol, "seed": wildcards.seed}
        with atomic_write(snakemake.output[0]) as path:
            augmentation_examples(path, pixels, image.iloc[0], split, params.leaky)


if __name__ == "__main__":
    main(snakemake)
