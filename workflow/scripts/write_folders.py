"""Write a dataset as folders by class, for other tools."""

from typing import TYPE_CHECKING

from lesionflow.balancing.folders import list_files, write_folders
from lesionflow.data.store import open_store
from lesionflow.files import atomic_folder
from lesionflow.logs import job
from lesionflow.splits.audit import read_audited

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        split, training = read_audited(
            store.manifest, inputs.split, inputs.training, inputs.duplicates, snakemake.params.leaky
        )
        files = list_files(store.manifest, split, training)
        with atomic_folder(snakemake.output[0]) as folder:
            write_folders(store, files, snakemake.params.classes, folder, snakemake.threads)


if __name__ == "__main__":
    main(snakemake)
