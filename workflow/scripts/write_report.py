"""Write the report of a collection."""

from typing import TYPE_CHECKING

from lesionflow import lists
from lesionflow.data.conflicts import evidence
from lesionflow.files import read_json, write_text
from lesionflow.logs import job
from lesionflow.report.captions_and_labels import read_card, read_figure, read_table
from lesionflow.report.page import TEMPLATE, Study, page
from lesionflow.report.printed_comparisons import printed_sentences
from lesionflow.report.tables.comparisons import comparisons_table
from lesionflow.report.thesis_numbers import PUBLISHED
from lesionflow.report.verdict_sentences import verdict_sentences

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        comparisons = lists.read_comparisons(inputs.comparisons)
        study = Study(
            collection=snakemake.wildcards.collection,
            results=lists.read_results(inputs.results),
            counts=lists.read_counts(inputs.counts),
            costs=lists.read_costs(inputs.costs),
            ladder=lists.read_ladder(inputs.ladder) if inputs.ladder else None,
            search=lists.read_searches(inputs.search) if inputs.search else None,
            rejected=lists.read_rejected(inputs.rejected),
            runs=[read_table(path) for path in inputs.runs],
            records=[read_json(path) for path in inputs.records],
            cards=[read_card(read_json(path), params.class_names) for path in inputs.cards],
            figures=[read_figure(path) for path in inputs.figures],
            categories=params.categories,
            evidence=evidence(lists.read_manifest(inputs.manifest), lists.read_conflicts(inputs.conflicts)),
            settings=params.settings,
            class_names=params.class_names,
            licence=params.licence,
            verdicts=verdict_sentences(comparisons),
            comparisons=comparisons_table(comparisons, params.settings["comparisons"]["margin"]),
            official=read_json(inputs.official) if inputs.official else None,
            printed=printed_sentences(PUBLISHED),
        )
        write_text(snakemake.output[0], page(TEMPLATE, study))


if __name__ == "__main__":
    main(snakemake)
