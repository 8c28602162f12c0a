"""Judge a model on the images of another collection, and find what of them it was trained on."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, read_json, write_json
from lesionflow.ladder import judge
from lesionflow.leakage import audit

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, other = snakemake.input, snakemake.wildcards.other
    with job(snakemake.log[0]):
        own, external = (pd.read_csv(path, dtype=str) for path in (inputs.manifest, inputs.external))
        test, clean = (pd.read_csv(inputs[part], dtype={"image": str}) for part in ("test", "clean"))
        for table in (external, test):  # both collections may use the same names
            table["image"] = f"{other}/" + table["image"]
        known = pd.concat([own, external])
        split = pd.read_csv(inputs.split, dtype=str)
        split = pd.concat([split[split["part"] == "train"], test[["image"]].assign(part="test")])
        sets = pd.read_csv(inputs.duplicates, dtype=str)
        leakage = audit(known[["image", "label", "lesion"]].merge(sets, on="image", how="left"), split)
        row = judge(other, read_json(inputs.card), leakage, known, test=test, clean=clean)
        write_json(snakemake.output[0], row)


if __name__ == "__main__":
    main(snakemake)
