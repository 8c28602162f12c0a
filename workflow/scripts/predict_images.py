"""Predict class probabilities for new images with the chosen model, in the columns of an ISIC submission."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.images import RawImages
from lesionflow.data.shards import read_shard
from lesionflow.data.store import Samples, Store
from lesionflow.evaluation.best_model import warnings
from lesionflow.evaluation.inference import predict_table
from lesionflow.evaluation.predictions import prediction_table, readable, summary
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
        card, files = read_json(inputs.choice), read_shard(inputs.table)
        classes = card["classes"]
        store = Store(files.assign(shard="000"), {"000": inputs.pixels}, {"000": inputs.table})
        images = Samples.from_list(store, readable(files)[["image"]], classes)
        model = restore(Path(inputs.model), card["backbone_settings"], len(classes))
        probabilities = predict_table(model, images, classes, Hardware.choose(params.precision, snakemake.threads))
        unread = RawImages(params.images).unread
        table = prediction_table(files, probabilities, params.class_names, unread, warnings(card))
        write_probabilities(snakemake.output[0], table)
        print(summary(table, snakemake.output[0]), file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
