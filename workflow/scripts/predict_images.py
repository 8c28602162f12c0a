"""Probabilities of the chosen model for new images, in the columns of an ISIC submission, and what they say."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.backbones import restore
from lesionflow.batches import Images, Store
from lesionflow.engine import predict_table
from lesionflow.files import job, read_json
from lesionflow.hardware import Hardware
from lesionflow.lists import write_probabilities
from lesionflow.predictions import prediction_table, readable
from lesionflow.shards import read_shard

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        card, files = read_json(inputs.choice), read_shard(inputs.table)
        classes = card["classes"]
        store = Store(files.assign(shard="000"), {"000": inputs.pixels}, {"000": inputs.table})
        images = Images.from_list(store, readable(files)[["image"]], classes)
        model = restore(Path(inputs.model), card["backbone_settings"], len(classes))
        probabilities = predict_table(model, images, classes, Hardware.choose(params.precision, snakemake.threads))
        write_probabilities(snakemake.output[0], prediction_table(files, probabilities, params.class_names))


if __name__ == "__main__":
    main(snakemake)
