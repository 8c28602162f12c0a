"""Write Table 4.1 and the class counts of a collection."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import read_json
from lesionflow.lists import read_counts, write_table
from lesionflow.logs import job
from lesionflow.report.tables.results import results, results_table
from lesionflow.report.thesis_numbers import PUBLISHED, printed

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        cards, metrics = ([read_json(path) for path in inputs[key]] for key in ("cards", "metrics"))
        long = results(cards, metrics, params.leaky, params.pretrained_on, params.published_as, printed(PUBLISHED))
        results_table(long).write(*output.table)
        write_table(output.counts, pd.concat([read_counts(path) for path in inputs.counts]))


if __name__ == "__main__":
    main(snakemake)
