"""Write the report of a collection."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.conflicts import evidence
from lesionflow.exhibits import read_card, read_figure, read_table
from lesionflow.files import job, read_json, write_text
from lesionflow.report import page, run_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        text = page(
            inputs.template,
            collection=snakemake.wildcards.collection,
            table=pd.read_csv(inputs.table, keep_default_na=False, na_values=[""]),
            ladder=pd.read_csv(inputs.ladder[0]) if inputs.ladder else None,
            costs=pd.read_csv(inputs.costs),
            search=pd.read_csv(inputs.search[0]) if inputs.search else None,
            tables=[read_table(path) for path in inputs.runs],
            counts=pd.read_csv(inputs.counts),
            rejected=pd.read_csv(inputs.rejected, dtype=str),
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
            evidence=evidence(pd.read_csv(inputs.manifest, dtype=str), pd.read_csv(inputs.conflicts, dtype=str)),
            settings=run_settings(snakemake.wildcards.collection, params.collection, params.config),
            class_names=params.class_names,
            licence=params.collection["licence"],
        )
        write_text(snakemake.output[0], text)


if __name__ == "__main__":
    main(snakemake)
