"""Write the report of a collection."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, read_json, write_text
from lesionflow.report import page, read_figure, run_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def by_backbone(paths: list[str]) -> dict[str, list[str]]:
    """The tables of single runs, by the folder that names their backbone."""
    found: dict[str, list[str]] = {}
    for path in map(Path, paths):
        found.setdefault(path.parent.name, []).append(path.read_text(encoding="utf-8"))
    return found


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
            run_tables=by_backbone(inputs.runs),
            counts=pd.read_csv(inputs.counts),
            rejected=pd.read_csv(inputs.rejected, dtype=str),
            cards=[read_json(path) for path in inputs.cards],
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
            settings=run_settings(snakemake.wildcards.collection, params.collection, params.config),
            class_names=params.class_names,
            licence=params.collection["licence"],
        )
        write_text(snakemake.output[0], text)


if __name__ == "__main__":
    main(snakemake)
