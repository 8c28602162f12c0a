"""Write a dataset as folders by class, for other tools."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.batches import open_store
from lesionflow.files import job, whole_folder
from lesionflow.folders import list_files, write_folders

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        split, training = (
            pd.read_csv(path, dtype={"image": str, "neighbour": str}) for path in (inputs.split, inputs.training)
        )
        files = list_files(store.manifest, split, training)
        with whole_folder(snakemake.output[0]) as folder:
            write_folders(store, files, snakemake.params.classes, folder, snakemake.threads)


if __name__ == "__main__":
    main(snakemake)
