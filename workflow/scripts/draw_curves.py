"""Draw accuracy and loss per epoch of the models that differ in the dataset only."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.figures import training_curves
from lesionflow.files import job, read_json, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        cards = [read_json(path) for path in snakemake.input.cards]
        histories = [pd.read_csv(path) for path in snakemake.input.histories]
        with whole(snakemake.output[0]) as path:
            training_curves(path, cards, histories, snakemake.params.leaky)


if __name__ == "__main__":
    main(snakemake)
