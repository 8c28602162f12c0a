"""Train one stage of one backbone on one dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.data.shards import shard_files
from lesionflow.data.store import Samples, open_store
from lesionflow.files import atomic_write, file_digest, local_copies, read_json, value_digest, write_json
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.splits.audit import read_audited
from lesionflow.training.backbones import Classifier, new_classifier, restore, save, unfreeze
from lesionflow.training.depthwise import depthwise_share
from lesionflow.training.engine import fit
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import Settings
from lesionflow.training.record import identity, outcome
from lesionflow.training.resume import Progress

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    # Not a param: where the pixels are read from changes no result, so a change of it must not rerun the training.
    copy = snakemake.config["copy_store"]
    with job(snakemake.log[0]), local_copies(shard_files(inputs.store), copy) as pixels:
        store = open_store(inputs.manifest, pixels, shard_files(inputs.store))
        split, training = read_audited(
            store.manifest, inputs.split, inputs.training, inputs.duplicates, params.protocol["leaky"]
        )
        validation = store.manifest[store.manifest["image"].isin(split.loc[split["part"] == "valid", "image"])]
        settings = stage_settings(snakemake)
        model = start_model(snakemake)
        hardware = Hardware.choose(params.precision, snakemake.threads, depthwise_share(model, store.size))
        record = identity(
            snakemake.wildcards,
            params.classes,
            params.backbone,
            params.protocol,
            settings,
            image_size=store.size,
            drawn=params.drawn,
            device=str(hardware),
            inputs={str(path): file_digest(path) for path in inputs},
            code=params.code,
        )
        lists = Samples.from_list(store, training, params.classes), Samples.from_list(store, validation, params.classes)
        done = fit(model, *lists, settings, hardware, Path(params.resume), value_digest(record))
        write(snakemake, model, done, record | outcome(done, model, training))


def stage_settings(snakemake: "Snakemake") -> Settings:
    """The recipe of the stage; with the winner of a search, if trainings follow it."""
    params, wildcards = snakemake.params, snakemake.wildcards
    stage, seed = int(wildcards.stage), int(wildcards.seed)
    settings = Settings.from_config(params.protocol, params.stage, stage, seed, params.loss)
    return settings.tuned(read_json(snakemake.input.winner)) if snakemake.input.winner else settings


def start_model(snakemake: "Snakemake") -> Classifier:
    """The previous stage's model, or a new one, with the parameters frozen that the stage does not train."""
    weights, params, wildcards = snakemake.input.weights, snakemake.params, snakemake.wildcards
    stage, classes = int(wildcards.stage), len(params.classes)
    if stage > 1 and params.protocol["transfer"]:
        model = restore(Path(weights), params.backbone, classes)
    else:
        model = new_classifier(params.backbone, classes, Path(weights) if weights else None, int(wildcards.seed))
    unfreeze(model, stage, params.backbone["unfreeze"], params.protocol["freeze_head_norm"])
    return model


def write(snakemake: "Snakemake", model: Classifier, done: Progress, record: dict) -> None:
    """Write the outputs; what an interrupted run would have resumed from is not needed any more."""
    write_table(snakemake.output.history, pd.DataFrame(done.history))
    with atomic_write(snakemake.output.model) as path:
        save(model, path)
    write_json(snakemake.output.card, record)
    Path(snakemake.params.resume).unlink(missing_ok=True)


if __name__ == "__main__":
    main(snakemake)
