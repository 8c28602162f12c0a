"""Write the tables of one backbone, stage after stage: thesis, as published and corrected side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.files import read_json, write_text
from lesionflow.lists import write_table
from lesionflow.logs import job
from lesionflow.report.published import PUBLISHED, runs
from lesionflow.report.tables import runs as run_tables

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, backbone = snakemake.input, snakemake.params, snakemake.wildcards.backbone
    folder = Path(snakemake.output[0]).parent
    with job(snakemake.log[0]):
        every = [
            (read_json(card), read_json(metrics)) for card, metrics in zip(inputs.cards, inputs.metrics, strict=True)
        ]
        published = runs(PUBLISHED).query("backbone == @params.published_as")
        for stage in (1, 2, 3):
            cards, metrics = zip(*(pair for pair in every if int(pair[0]["stage"]) == stage), strict=True)
            long = run_tables.long_form(cards, metrics, published[published["stage"] == stage], params.leaky)
            notes, of_classes = run_tables.notes(long), long["class"].notna()
            per_class = run_tables.wide(long, run_tables.PER_CLASS, params.classes)
            for kind, number, words, numbers, table in (
                ("per_class", params.per_class, "precision, sensitivity and F1 per class", long[of_classes], per_class),
                ("global", params.whole, "global metrics", long[~of_classes], run_tables.wide(long, run_tables.GLOBAL)),
            ):
                title = run_tables.title(number[stage - 1], backbone, stage, words)
                write_table(folder / f"stage{stage}_{kind}.csv", numbers)
                write_text(folder / f"stage{stage}_{kind}.md", run_tables.markdown(title, table, notes))
                styler = run_tables.html(f"{kind}_{backbone}_{stage}", title, table)
                write_text(folder / f"stage{stage}_{kind}.html", styler.to_html())


if __name__ == "__main__":
    main(snakemake)
