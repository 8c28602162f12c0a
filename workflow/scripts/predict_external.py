"""Predict class probabilities for all images of another collection, in the columns of an ISIC submission."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.store import Samples, open_store
from lesionflow.evaluation.inference import predict_table
from lesionflow.files import read_json
from lesionflow.lists import write_probabilities
from lesionflow.logs import job
from lesionflow.training.backbones import restore
from lesionflow.training.hardware import Hardware

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        classes = read_json(inputs.card)["classes"]
        store = open_store(inputs.manifest, inputs.pixels)
        model = restore(Path(inputs.model), params.backbone, len(classes))
        hardware = Hardware.choose(params.precision, snakemake.threads)
        names = store.manifest[["image"]]
        write_probabilities(
            snakemake.output[0], predict_table(model, Samples.from_list(store, names, classes), classes, hardware)
        )


if __name__ == "__main__":
    main(snakemake)
