"""Write the report of a collection."""

from typing import TYPE_CHECKING

from lesionflow.data.conflicts import evidence
from lesionflow.files import read_json, write_text
from lesionflow.lists import (
    read_conflicts,
    read_costs,
    read_counts,
    read_ladder,
    read_manifest,
    read_rejected,
    read_results,
    read_searches,
)
from lesionflow.logs import job
from lesionflow.report.captions_and_labels import read_card, read_figure, read_table
from lesionflow.report.page import TEMPLATE, page

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        text = page(
            TEMPLATE,
            collection=snakemake.wildcards.collection,
            table=read_results(inputs.table),
            ladder=read_ladder(inputs.ladder[0]) if inputs.ladder else None,
            costs=read_costs(inputs.costs),
            search=read_searches(inputs.search[0]) if inputs.search else None,
            tables=[read_table(path) for path in inputs.runs],
            counts=read_counts(inputs.counts),
            rejected=read_rejected(inputs.rejected),
            cards=[read_json(path) for path in inputs.cards],
            model_cards=[read_card(path) for path in inputs.model_cards],
            figures=[
                read_figure(path)
                for path in (
                    *inputs.thesis,
                    *inputs.figures,
                    *inputs.gallery,
                    inputs.duplicates,
                    *inputs.ladder[1:],
                    *inputs.search[1:],
                )
            ],
            evidence=evidence(read_manifest(inputs.manifest), read_conflicts(inputs.conflicts)),
            settings=params.settings,
            class_names=params.class_names,
            licence=params.licence,
        )
        write_text(snakemake.output[0], text)


if __name__ == "__main__":
    main(snakemake)
