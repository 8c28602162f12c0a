"""Plot pairs of images that show the same picture."""

from typing import TYPE_CHECKING

import numpy as np

from lesionflow.data.duplicates import pairs_of_sets
from lesionflow.data.store import open_store
from lesionflow.files import atomic_write
from lesionflow.lists import read_duplicates
from lesionflow.logs import job
from lesionflow.report.figures.leakage import duplicate_pairs

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

SHOWN = 24


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        sets = read_duplicates(inputs.duplicates)
        pairs = pairs_of_sets(sets[sets["image"].isin(store.names)])
        shown = pairs.head(SHOWN)
        pixels = np.stack([store.read(store.positions(shown[side])) for side in ("first", "second")], axis=1)
        with atomic_write(snakemake.output[0]) as path:
            duplicate_pairs(path, shown, pixels, len(pairs))


if __name__ == "__main__":
    main(snakemake)
