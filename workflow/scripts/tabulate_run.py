"""Write the tables of one backbone and stage: thesis, as published and corrected side by side."""

from typing import TYPE_CHECKING

from lesionflow import run_tables
from lesionflow.files import job, read_json, whole, write_text
from lesionflow.published import runs

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params, stage = snakemake.input, snakemake.params, int(snakemake.wildcards.stage)
    with job(snakemake.log[0]):
        cards = [read_json(path) for path in inputs.cards]
        metrics = [read_json(path) for path in inputs.metrics]
        published = runs(inputs.published)
        published = published[(published["backbone"] == params.published_as) & (published["stage"] == stage)]
        long = run_tables.long_form(cards, metrics, published, params.leaky)
        of_classes = long["class"].notna()
        titles = run_tables.titles(snakemake.wildcards.backbone, stage, params.published_as or params.stands_for)
        kinds = {
            "per_class": (long[of_classes], run_tables.wide(long, run_tables.PER_CLASS, params.classes)),
            "global": (long[~of_classes], run_tables.wide(long, run_tables.GLOBAL)),
        }
        outputs = iter(snakemake.output)
        for (kind, (numbers, table)), title in zip(kinds.items(), titles, strict=True):
            with whole(next(outputs)) as path:
                numbers.to_csv(path, index=False)
            write_text(next(outputs), run_tables.markdown(title, table, run_tables.notes(long)))
            name = f"{kind}_{snakemake.wildcards.backbone}_{stage}"
            write_text(next(outputs), run_tables.html(name, title, table).to_html())


if __name__ == "__main__":
    main(snakemake)
