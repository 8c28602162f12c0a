"""Audit the parts of a protocol for what they share; stop where a protocol that is not leaky leaks."""

import logging
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, write_json
from lesionflow.leakage import audit, check_duplicates, check_training, refuse_crossings
from lesionflow.shares import lesions_known
from lesionflow.splits import check_split

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        known = pd.read_csv(snakemake.input.manifest, dtype=str)[["image", "label", "lesion"]]
        duplicates = pd.read_csv(snakemake.input.duplicates, dtype=str)
        check_duplicates(snakemake.input.duplicates, duplicates, known["image"])
        known = known.merge(duplicates, on="image", how="left")
        split = pd.read_csv(snakemake.input.split, dtype=str)
        check_split(snakemake.input.split, split, known["image"])
        lists = {path: pd.read_csv(path, dtype=str) for path in snakemake.input.training}
        for path, rows in lists.items():
            check_training(path, rows, split, known.set_index("image")["label"])
        training = pd.concat(lists.values())
        synthetic = training[training["neighbour"].notna()]
        parents = pd.concat([synthetic["image"], synthetic["neighbour"]])
        refuse_crossings(known, split, parents, leaky=snakemake.params.leaky)
        result = audit(known, split, parents)
        logging.info("Audited: %s", lesions_known(result))
        write_json(snakemake.output[0], result)


if __name__ == "__main__":
    main(snakemake)
