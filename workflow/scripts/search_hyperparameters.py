"""Train every optimizer with every learning rate on one dataset's features from the frozen backbone."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.shards import shard_files
from lesionflow.data.store import Samples, open_store
from lesionflow.files import write_json
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.splits.audit import read_audited
from lesionflow.training.backbones import new_classifier
from lesionflow.training.hardware import Hardware
from lesionflow.training.search import extract_features, search, winner

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    backbone, classes, seed = params.backbone, params.classes, int(wildcards.seed)
    with job(snakemake.log[0]):
        hardware = Hardware.choose(params.precision, snakemake.threads)
        store = open_store(inputs.manifest, shard_files(inputs.store))
        split, training = read_audited(store.manifest, inputs.split, inputs.training, inputs.duplicates, params.leaky)
        validation = store.manifest[store.manifest["image"].isin(split.loc[split["part"] == "valid", "image"])]
        model = new_classifier(backbone, len(classes), Path(inputs.weights) if inputs.weights else None, seed)
        trials = search(
            hardware.place(model).head,
            extract_features(model, Samples.from_list(store, training, classes), hardware, "training"),
            extract_features(model, Samples.from_list(store, validation, classes), hardware, "validation"),
            params.optimizers,
            params.learning_rates,
            params.epochs,
            params.batch_size,
            seed,
            params.loss,
        )
        write_table(snakemake.output.trials, trials)
        write_json(snakemake.output.winner, {**wildcards, "weights": backbone["weights"], **winner(trials)})


if __name__ == "__main__":
    main(snakemake)
