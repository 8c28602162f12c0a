"""Write Table 4.1 and the class counts of a collection, and Table 3.1, which explains the metrics."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import read_json, write_text
from lesionflow.lists import read_counts, write_table
from lesionflow.logs import job
from lesionflow.report.published import PUBLISHED, printed
from lesionflow.report.tables import runs as run_tables
from lesionflow.report.tables.results import html, markdown, table_4_1

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        cards = [read_json(path) for path in inputs.cards]
        metrics = [read_json(path) for path in inputs.metrics]
        table = table_4_1(cards, metrics, params.leaky, params.pretrained_on, params.published_as, printed(PUBLISHED))
        write_table(output.csv, table)
        write_text(output.md, markdown(table))
        write_text(output.html, html(table).to_html(doctype_html=True))
        matrix = run_tables.MATRIX
        write_table(output.matrix_csv, matrix.set_axis(matrix.columns.map(" ".join).str.strip(), axis=1))
        write_text(output.matrix_md, run_tables.markdown(run_tables.MATRIX_TITLE, matrix, run_tables.METRICS))
        write_text(output.matrix_html, run_tables.matrix_html())
        counts = pd.concat([read_counts(path) for path in inputs.counts])
        write_table(output.counts, counts)


if __name__ == "__main__":
    main(snakemake)
