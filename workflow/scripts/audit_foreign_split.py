"""Audit a split made elsewhere: lesions in several of its parts, per class."""

import logging
import sys
from typing import TYPE_CHECKING

from lesionflow.data.labels_and_metadata import read_labels
from lesionflow.files import InputError, atomic_write, write_json
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.figures.leakage import leakage_by_class
from lesionflow.splits.audit import table
from lesionflow.splits.foreign import audit_foreign, read_split
from lesionflow.splits.overlap_text import lesions_known

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        if not inputs.split:
            raise InputError("The config has no split to audit: set `name`, `split` and `labels` of `audit`.")
        labels = read_labels(inputs.labels, params.classes, other_classes=True)
        split, remarks = read_split(inputs.split, labels.index, params.audit["part_column"])
        if labels.isna().any():
            remarks.append(f"{labels.isna().sum()} labelled images belong to none of `classes`.")
        result = audit_foreign(labels, inputs.metadata or None, split)
        counts = table(result)
        for line in (*remarks, f"Audited: {lesions_known(result)}."):
            logging.info(line)
            print(line, file=sys.__stdout__)
        print(counts.to_string(index=False), file=sys.__stdout__)
        write_json(snakemake.output.leakage, result)
        write_table(snakemake.output.table, counts)
        with atomic_write(snakemake.output.figure) as path:
            leakage_by_class(path, result, {"audit": snakemake.wildcards.name}, result["leaky"])


if __name__ == "__main__":
    main(snakemake)
