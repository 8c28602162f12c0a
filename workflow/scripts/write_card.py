"""Write the card of a model."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.cards import markdown, model_card
from lesionflow.counts import class_counts
from lesionflow.files import file_digest, job, read_json, write_json, write_text

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        names, made = {"image": str, "neighbour": str}, read_json(inputs.card)
        counts = class_counts(
            pd.read_csv(inputs.manifest, usecols=["image", "label"], dtype=names),
            pd.read_csv(inputs.split, dtype=names),
            {made["dataset"]: pd.read_csv(inputs.training, dtype=names)},
            made["classes"],
        )
        card = model_card(
            made,
            read_json(inputs.metrics),
            read_json(inputs.leakage),
            counts,
            params.split,
            params.licence,
            {Path(path).name: file_digest(path) for path in (inputs.model, inputs.card)},
        )
        write_json(snakemake.output.json, card)
        write_text(snakemake.output.md, markdown(inputs.template, card, params.class_names))


if __name__ == "__main__":
    main(snakemake)
