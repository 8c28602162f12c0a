"""Compare models of a run on the same test images."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.run_comparisons import compare_run, predictions_of_models, with_advice
from lesionflow.files import read_json
from lesionflow.lists import read_manifest, read_probabilities, read_study_size
from lesionflow.logs import job
from lesionflow.report.printed_comparisons import printed_sentences
from lesionflow.report.tables.comparisons import comparisons_table
from lesionflow.report.thesis_numbers import PUBLISHED
from lesionflow.splits.study_size import what_it_takes

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        records, tests = map(read_json, inputs.records), map(read_probabilities, inputs.tests)
        predictions = predictions_of_models(list(records), list(tests), read_manifest(inputs.manifest), params.folds)
        long = compare_run(params.contrasts, predictions, params.classes, params.metric, params.margin)
        needed = what_it_takes(read_study_size(inputs.study_size), params.margin)
        long = with_advice(long, needed)
        comparisons_table(long, params.margin, printed_sentences(PUBLISHED)).write(*snakemake.output)


if __name__ == "__main__":
    main(snakemake)
