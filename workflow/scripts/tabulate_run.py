"""Write the tables of one backbone and stage: thesis, as published and corrected side by side."""

from typing import TYPE_CHECKING

from lesionflow.files import read_json
from lesionflow.logs import job
from lesionflow.report.tables.runs import global_table, long_form, per_class_table
from lesionflow.report.thesis_numbers import PUBLISHED, runs

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params, wildcards = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    with job(snakemake.log[0]):
        cards, metrics = ([read_json(path) for path in inputs[key]] for key in ("cards", "metrics"))
        published = runs(PUBLISHED).query("backbone == @params.published_as and stage == @wildcards.stage")
        long = long_form(cards, metrics, published, params.leaky)
        labels = {"backbone": wildcards.backbone, "stage": wildcards.stage}
        per_class_table(long, params.classes, labels, params.per_class).write(*output.per_class)
        global_table(long, labels, params.whole).write(*output.whole)


if __name__ == "__main__":
    main(snakemake)
