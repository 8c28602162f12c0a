"""Predict class probabilities for some parts with the models of all stages, in the columns of an ISIC submission."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.shards import shard_files
from lesionflow.data.store import Samples, open_store
from lesionflow.evaluation.inference import predict_table
from lesionflow.lists import read_parts, write_probabilities
from lesionflow.logs import job
from lesionflow.training.backbones import restore
from lesionflow.training.hardware import Hardware

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, shard_files(inputs.store))
        split = read_parts(inputs.split)
        hardware = Hardware.choose(params.precision, snakemake.threads)
        for part, outputs in snakemake.output.items():
            images = Samples.from_list(store, split.loc[split["part"] == part, ["image"]], params.classes)
            for stage, output in zip(inputs.models, outputs, strict=True):
                model = restore(Path(stage), params.backbone, len(params.classes))
                write_probabilities(output, predict_table(model, images, params.classes, hardware))


if __name__ == "__main__":
    main(snakemake)
