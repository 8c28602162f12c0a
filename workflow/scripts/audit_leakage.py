"""Audit the parts of a protocol for what they share; stop where a protocol that is not leaky leaks."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, write_json
from lesionflow.leakage import audit, refuse_crossings
from lesionflow.lists import read_duplicates, read_manifest, read_parts, read_training

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        known = read_manifest(snakemake.input.manifest)[["image", "label", "lesion"]]
        known = known.merge(read_duplicates(snakemake.input.duplicates), on="image", how="left")
        split = read_parts(snakemake.input.split)
        training = pd.concat([read_training(path) for path in snakemake.input.training])
        synthetic = training[training["neighbour"].notna()]
        parents = pd.concat([synthetic["image"], synthetic["neighbour"]])
        refuse_crossings(known, split, parents, leaky=snakemake.params.leaky)
        write_json(snakemake.output[0], audit(known, split, parents))


if __name__ == "__main__":
    main(snakemake)
