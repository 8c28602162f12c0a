"""Metrics of a model on its validation and test images."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, read_json, write_json
from lesionflow.metrics import score

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        card = read_json(snakemake.input.card)
        manifest = pd.read_csv(snakemake.input.manifest, dtype={"image": str, "group": str}).set_index("image")
        leakage = read_json(snakemake.input.leakage)
        metrics = {}
        for part in ("valid", "test"):
            table = pd.read_csv(snakemake.input[part], dtype={"image": str})
            truth = manifest.loc[table["image"]]
            label = pd.Categorical(truth["label"], categories=card["classes"]).codes
            sharing = {"images_sharing": leakage[part]["images_sharing"]}
            metrics[part] = sharing | score(table[card["classes"]].to_numpy(), label, truth["group"], card["classes"])
        for key in ("time_s", "epochs", "params_trainable", "params_total"):
            metrics[key] = card[key]
        write_json(snakemake.output[0], metrics)


if __name__ == "__main__":
    main(snakemake)
