"""Probabilities of a model for the validation and test images, in the columns of an ISIC submission."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.backbones import restore
from lesionflow.batches import Images, open_store
from lesionflow.engine import Hardware, predict_probabilities
from lesionflow.files import job, read_json, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        classes = read_json(snakemake.input.card)["classes"]
        store = open_store(snakemake.input.manifest, snakemake.input.pixels)
        split = pd.read_csv(snakemake.input.split, dtype={"image": str})
        model = restore(Path(snakemake.input.model), snakemake.params.backbone, len(classes))
        on = Hardware.choose(snakemake.params.precision, snakemake.threads)
        for part, output in snakemake.output.items():
            names = split.loc[split["part"] == part, ["image"]]
            probabilities = predict_probabilities(model, Images.from_list(store, names, classes), on)
            with whole(output) as path:
                table = pd.DataFrame(probabilities, columns=classes)
                table.insert(0, "image", names["image"].to_list())
                table.to_csv(path, index=False, float_format="%.7g")


if __name__ == "__main__":
    main(snakemake)
