"""Judge a model on the test images of its own split, and on the clean ones."""

from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import job, read_json, write_json
from lesionflow.ladder import judge

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        known = pd.read_csv(inputs.manifest, dtype={"image": str, "group": str})
        rung = snakemake.wildcards.protocol.removeprefix("ladder_")
        tests = {part: pd.read_csv(inputs[part], dtype={"image": str}) for part in ("test", "clean")}
        write_json(snakemake.output[0], judge(rung, read_json(inputs.card), read_json(inputs.leakage), known, **tests))


if __name__ == "__main__":
    main(snakemake)
