"""Metrics and cards of the stages' models, from their answers on validation and test images."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.balancing.class_counts import class_counts
from lesionflow.evaluation.metrics import score
from lesionflow.evaluation.model_card import TEMPLATE, markdown, model_card
from lesionflow.files import file_digest, read_json, write_json, write_text
from lesionflow.lists import read_manifest, read_parts, read_probabilities, read_training
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def metrics_of(made: dict, leakage: dict, known: pd.DataFrame, predictions: dict[str, str]) -> dict:
    """metrics.json of the model of `made` (model.json); `known` is the manifest, `predictions` a file for each part."""
    metrics = {}
    for part, path in predictions.items():
        table = read_probabilities(path)
        truth = known.loc[table["image"]]
        label = pd.Categorical(truth["label"], categories=made["classes"]).codes
        scores = score(table[made["classes"]].to_numpy(), label, truth["group"], made["classes"])
        metrics[part] = {"images_sharing": leakage[part]["images_sharing"]} | scores
    metrics |= {key: leakage[key] for key in ("known", "images_audited")}
    return metrics | {key: made[key] for key in ("time_s", "epochs", "params_trainable", "params_total")}


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        leakage, manifest = read_json(inputs.leakage), read_manifest(inputs.manifest)
        split, training = read_parts(inputs.split), read_training(inputs.training)
        known = manifest.set_index("image")
        counts = class_counts(manifest, split, {snakemake.wildcards.dataset: training}, params.classes)
        for stage, path in enumerate(inputs.cards):
            made, model = read_json(path), inputs.models[stage]
            predictions = {"valid": inputs.valid[stage], "test": inputs.test[stage]}
            metrics = metrics_of(made, leakage, known, predictions)
            digests = {Path(file).name: file_digest(file) for file in (model, path)}
            card = model_card(made, metrics, leakage, counts, params.split, params.licence, digests)
            write_json(output.metrics[stage], metrics)
            write_json(output.json[stage], card)
            write_text(output.md[stage], markdown(TEMPLATE, card, params.class_names))


if __name__ == "__main__":
    main(snakemake)
