"""Tabulate what packing and training cost."""

from typing import TYPE_CHECKING

from lesionflow.files import read_json, write_text
from lesionflow.lists import read_benchmark, read_packed, write_table
from lesionflow.logs import job
from lesionflow.report.tables.costs import costs, html, markdown

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output = snakemake.input, snakemake.output
    with job(snakemake.log[0]):
        packing, training = ([read_benchmark(path) for path in inputs[key]] for key in ("packing", "training"))
        packed = [read_packed(path) for path in inputs.packed]
        table = costs(packing, packed, training, [read_json(path) for path in inputs.cards])
        write_table(output.csv, table)
        write_text(output.md, markdown(table))
        write_text(output.html, html(table).to_html(doctype_html=True))


if __name__ == "__main__":
    main(snakemake)
