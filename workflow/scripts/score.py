"""Metrics and cards of the stages' models, from their predictions for validation and test images."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.balancing.class_counts import class_counts
from lesionflow.evaluation.model_card import TEMPLATE, markdown, model_card
from lesionflow.evaluation.model_metrics import model_metrics
from lesionflow.files import file_digest, read_json, write_json, write_text
from lesionflow.lists import read_manifest, read_parts, read_training
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        leakage, manifest = read_json(inputs.leakage), read_manifest(inputs.manifest)
        split, training = read_parts(inputs.split), read_training(inputs.training)
        counts = class_counts(manifest, split, {snakemake.wildcards.dataset: training}, params.classes)
        for stage, path in enumerate(inputs.cards):
            record, predictions = read_json(path), {"valid": inputs.valid[stage], "test": inputs.test[stage]}
            metrics = model_metrics(record, leakage, manifest, predictions)
            digests = {Path(file).name: file_digest(file) for file in (inputs.models[stage], path)}
            card = model_card(record, metrics, leakage, counts, params.split, params.licence, digests)
            write_json(output.metrics[stage], metrics)
            write_json(output.json[stage], card)
            write_text(output.md[stage], markdown(TEMPLATE, card, params.class_names))


if __name__ == "__main__":
    main(snakemake)
