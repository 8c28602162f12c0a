"""Choose the model for the official test: the best on validation images."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.best_model import MODEL, best_model
from lesionflow.files import write_json
from lesionflow.lists import read_results
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        row = best_model(read_results(snakemake.input[0]))
        names = {name: str(row[name]) for name in [*MODEL, "seed"]}
        write_json(snakemake.output[0], {"collection": snakemake.wildcards.collection, **names})


if __name__ == "__main__":
    main(snakemake)
