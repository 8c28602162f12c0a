"""Evaluate a model on images of another collection, and find duplicates of its training images among them."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.evaluation.ladder import ladder_row
from lesionflow.files import read_json, write_json
from lesionflow.lists import read_duplicates, read_manifest, read_parts, read_probabilities
from lesionflow.logs import job
from lesionflow.splits.audit import audit_external

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, other = snakemake.input, snakemake.wildcards.other
    with job(snakemake.log[0]):
        own, external = (read_manifest(path) for path in (inputs.manifest, inputs.external))
        test, clean = (read_probabilities(inputs[part]) for part in ("test", "clean"))
        for table in (external, test):  # both collections may use the same names
            table["image"] = f"{other}/" + table["image"]
        leakage = audit_external(own, external, read_parts(inputs.split), read_duplicates(inputs.duplicates))
        row = ladder_row(other, read_json(inputs.card), leakage, pd.concat([own, external]), test=test, clean=clean)
        write_json(snakemake.output[0], row)


if __name__ == "__main__":
    main(snakemake)
