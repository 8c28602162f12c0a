"""Train one stage of one backbone on one dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.data.shards import shard_files
from lesionflow.data.store import Samples, open_store
from lesionflow.environment import container, versions
from lesionflow.files import atomic_write, file_digest, local_copies, read_json, value_digest, write_json
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.splits.audit import read_audited
from lesionflow.training.backbones import count_parameters, new_classifier, restore, save, unfreeze
from lesionflow.training.engine import fit
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import Settings

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    protocol, backbone, classes = params.protocol, params.backbone, params.classes
    stage, seed = int(wildcards.stage), int(wildcards.seed)
    # Not a param: where the pixels are read from changes no result, so a change of it must not rerun the training.
    copy = snakemake.config["copy_store"]
    with job(snakemake.log[0]), local_copies(shard_files(inputs.store), copy) as pixels:
        hardware = Hardware.choose(params.precision, snakemake.threads)
        settings = Settings.from_config(protocol, params.stage, stage, seed)
        if inputs.winner:
            settings = settings.tuned(read_json(inputs.winner))
        store = open_store(inputs.manifest, pixels, shard_files(inputs.store))
        split, training = read_audited(
            store.manifest, inputs.split, inputs.training, inputs.duplicates, protocol["leaky"]
        )
        validation = store.manifest[store.manifest["image"].isin(split.loc[split["part"] == "valid", "image"])]
        if stage > 1 and protocol["transfer"]:
            model = restore(Path(inputs.weights), backbone, len(classes))
        else:
            model = new_classifier(backbone, len(classes), Path(inputs.weights) if inputs.weights else None, seed)
        unfreeze(model, stage, backbone["unfreeze"], protocol["freeze_head_norm"])
        files = {str(path): file_digest(path) for path in inputs}
        card = {
            **wildcards,
            "weights": backbone["weights"],
            "classes": classes,
            "image_size": store.size,
            "resize": protocol["resize"],
            "leaky": protocol["leaky"],
            "drawn": params.drawn,
            "settings": asdict(settings),
            "backbone_settings": backbone,
            "device": str(hardware),
            "inputs": files,
            "code": params.code,
        }
        done = fit(
            model,
            Samples.from_list(store, training, classes),
            Samples.from_list(store, validation, classes),
            settings,
            hardware,
            Path(params.resume),
            identity=value_digest(card),
        )
        trainable, total = count_parameters(model)
        card |= {
            "versions": versions(),
            "container": container(),
            "best_epoch": done.best_epoch,
            "epochs": done.epoch,
            "time_s": round(done.seconds, 1),
            "params_trainable": trainable,
            "params_total": total,
            "training_images": len(training),
            "training_synthetic": int(training["neighbour"].notna().sum()),
        }
        write_table(snakemake.output.history, pd.DataFrame(done.history))
        with atomic_write(snakemake.output.model) as path:
            save(model, path)
        write_json(snakemake.output.card, card)
        Path(params.resume).unlink(missing_ok=True)


if __name__ == "__main__":
    main(snakemake)
