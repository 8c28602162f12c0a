"""Audit a split made elsewhere: what its test and validation images share with training, per class."""

import sys
from typing import TYPE_CHECKING

from lesionflow.files import InputError, atomic_write, write_json, write_text
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.figures.leakage import leakage_by_class
from lesionflow.splits.audit import table
from lesionflow.splits.foreign import audit_files, audit_page

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        if not inputs.split:
            raise InputError("The config has no split to audit: set `name`, `split` and `labels` of `audit`.")
        result, remarks = audit_files(
            inputs.split,
            inputs.labels,
            inputs.metadata,
            inputs.duplicates,
            params.classes,
            params.audit["part_column"],
        )
        page = audit_page(snakemake.wildcards.name, result, remarks)
        write_json(snakemake.output.leakage, result)
        write_table(snakemake.output.table, table(result))
        write_text(snakemake.output.text, page)
        with atomic_write(snakemake.output.figure) as path:
            leakage_by_class(path, result, {"audit": snakemake.wildcards.name}, result["leaky"])
        print(page, file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
