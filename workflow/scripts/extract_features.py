"""Compute features and logits of a model's training and validation images, and of all images of another collection."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.shards import shard_files
from lesionflow.data.store import Samples, open_store
from lesionflow.evaluation.features import all_images, compute_outputs
from lesionflow.evaluation.outputs import write_outputs
from lesionflow.files import read_json
from lesionflow.lists import read_parts, read_training
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
        store = open_store(inputs.manifest, shard_files(inputs.store))
        split, training = read_parts(inputs.split), read_training(inputs.training)
        valid = split[split["part"] == "valid"].merge(store.manifest[["image", "label"]])
        other = all_images(inputs.pixels, inputs.tables)
        parts = {
            "train": Samples.from_list(store, training[training["neighbour"].isna()], classes),
            "valid": Samples.from_list(store, valid, classes),
            "test": Samples.from_list(other, other.manifest[["image"]], classes),
        }
        model = restore(Path(inputs.model), params.backbone, len(classes))
        outputs = compute_outputs(model, parts, Hardware.choose(params.precision, snakemake.threads))
        write_outputs(snakemake.output[0], outputs)


if __name__ == "__main__":
    main(snakemake)
