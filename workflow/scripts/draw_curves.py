"""Draw accuracy and loss per epoch, stage after stage, of the models that differ in the dataset only."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_history
from lesionflow.logs import job
from lesionflow.report.figures.training import training_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        for stage, (output, number) in enumerate(zip(snakemake.output, params.numbers, strict=True)):
            # Inputs are of the three stages of the first dataset, then of the next.
            cards = [read_json(path) for path in inputs.cards[stage::3]]
            histories = [read_history(path) for path in inputs.histories[stage::3]]
            with atomic_write(output) as path:
                training_curves(path, cards, histories, params.leaky, number)


if __name__ == "__main__":
    main(snakemake)
