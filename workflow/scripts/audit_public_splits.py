"""Audit the lists of public splits, and compare the counts with those of the register."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.files import atomic_write
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.figures.register import shares
from lesionflow.report.tables.register import register_table
from lesionflow.source import RESOURCES
from lesionflow.splits.published_lists import read_local
from lesionflow.splits.register import audit_lists, official_tables
from lesionflow.splits.register_table import read_register

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output = snakemake.input, snakemake.output
    with job(snakemake.log[0]):
        official = official_tables(inputs.labels, inputs.metadata, inputs.isic2020 or None)
        lists = {Path(path).stem: read_local(path) for path in inputs.lists}
        audits, classes = audit_lists(read_register(RESOURCES / "public_splits.csv"), official, lists)
        table = register_table(audits)
        table.write(*output.audits)
        write_table(output.classes, classes)
        with atomic_write(output.figure) as path:
            shares(path, audits)
        print("\n".join(table.notes), file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
