"""Metrics of the stages' models on their validation and test images."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, read_json, write_json
from lesionflow.metrics import score

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        manifest = pd.read_csv(inputs.manifest, dtype={"image": str, "group": str}).set_index("image")
        leakage = read_json(inputs.leakage)
        for path, valid, test, output in zip(
            inputs.cards, inputs.valid, inputs.test, snakemake.output.metrics, strict=True
        ):
            card = read_json(path)
            metrics = {}
            for part, predictions in (("valid", valid), ("test", test)):
                table = pd.read_csv(predictions, dtype={"image": str})
                truth = manifest.loc[table["image"]]
                label = pd.Categorical(truth["label"], categories=card["classes"]).codes
                scores = score(table[card["classes"]].to_numpy(), label, truth["group"], card["classes"])
                metrics[part] = {"images_sharing": leakage[part]["images_sharing"]} | scores
            metrics |= {key: card[key] for key in ("time_s", "epochs", "params_trainable", "params_total")}
            write_json(output, metrics)


if __name__ == "__main__":
    main(snakemake)
