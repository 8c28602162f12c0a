"""Pool the out-of-fold predictions of a cross-fitted model."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.pooling import pool_predictions, pooled_metrics
from lesionflow.files import read_json, write_json
from lesionflow.lists import read_manifest, read_probabilities, write_probabilities
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        tests = {seed: read_probabilities(path) for seed, path in zip(params.seeds, inputs.tests, strict=True)}
        folds = {seed: read_json(path) for seed, path in zip(params.seeds, inputs.metrics, strict=True)}
        predictions = pool_predictions(tests)
        write_probabilities(output.test, predictions)
        metrics = pooled_metrics(folds, predictions, read_manifest(inputs.manifest), params.classes)
        write_json(output.metrics, metrics)


if __name__ == "__main__":
    main(snakemake)
