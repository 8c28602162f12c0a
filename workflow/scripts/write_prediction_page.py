"""Write the page of predictions of new images."""

from typing import TYPE_CHECKING

import numpy as np

from lesionflow.data.shards import read_shard
from lesionflow.evaluation.best_model import warnings
from lesionflow.files import read_json, write_text
from lesionflow.lists import read_predictions
from lesionflow.logs import job
from lesionflow.report.prediction_page import TEMPLATE, page

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        card = read_json(inputs.choice)
        text = page(
            TEMPLATE,
            name=snakemake.wildcards.name,
            predictions=read_predictions(inputs.predictions),
            files=read_shard(inputs.table),
            pixels=np.load(inputs.pixels, mmap_mode="r"),
            card=card,
            warnings=warnings(card),
            class_names=snakemake.params.class_names,
        )
        write_text(snakemake.output[0], text)


if __name__ == "__main__":
    main(snakemake)
