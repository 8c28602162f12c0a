"""Audit a split that was made elsewhere: lesions on both sides of it, by class."""

import sys
from typing import TYPE_CHECKING

from lesionflow import leakage, manifest
from lesionflow.files import job, whole, write_json
from lesionflow.leakage_figures import leakage_by_class
from lesionflow.lists import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        labels = manifest.read_labels(inputs.labels, params.classes)
        known = manifest.describe_images(labels, inputs.metadata or None)[["image", "label", "lesion"]]
        split = leakage.read_split(inputs.split, params.audit["part_column"])
        result = leakage.audit(known, split)
        table = leakage.table(result)
        print(table.to_string(index=False), file=sys.__stdout__)
        write_json(snakemake.output.leakage, result)
        write_table(snakemake.output.table, table)
        with whole(snakemake.output.figure) as path:
            leakage_by_class(path, table, [], f"Audit of the split {snakemake.wildcards.name}", result["leaky"])


if __name__ == "__main__":
    main(snakemake)
