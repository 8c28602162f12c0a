"""Write the cards of the stages' models."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.cards import markdown, model_card
from lesionflow.counts import class_counts
from lesionflow.files import file_digest, job, read_json, write_json, write_text

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        names, leakage = {"image": str, "neighbour": str}, read_json(inputs.leakage)
        manifest = pd.read_csv(inputs.manifest, usecols=["image", "label"], dtype=names)
        split, training = (pd.read_csv(path, dtype=names) for path in (inputs.split, inputs.training))
        for path, model, metrics, json, md in zip(
            inputs.cards, inputs.models, inputs.metrics, output.json, output.md, strict=True
        ):
            made = read_json(path)
            card = model_card(
                made,
                read_json(metrics),
                leakage,
                class_counts(manifest, split, {made["dataset"]: training}, made["classes"]),
                params.split,
                params.licence,
                {Path(file).name: file_digest(file) for file in (model, path)},
            )
            write_json(json, card)
            write_text(md, markdown(inputs.template, card, params.class_names))


if __name__ == "__main__":
    main(snakemake)
