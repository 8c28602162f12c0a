"""Tabulate what packing and training cost."""

from typing import TYPE_CHECKING

from lesionflow.files import read_json
from lesionflow.lists import read_benchmark, read_packed
from lesionflow.logs import job
from lesionflow.report.tables.costs import cost_table, costs

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        packing, training = ([read_benchmark(path) for path in inputs[key]] for key in ("packing", "training"))
        packed = [read_packed(path) for path in inputs.packed]
        cost_table(costs(packing, packed, training, [read_json(path) for path in inputs.cards])).write(
            *snakemake.output
        )


if __name__ == "__main__":
    main(snakemake)
