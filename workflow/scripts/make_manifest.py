"""Join labels and packed images to the manifest."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.conflicts import left_out
from lesionflow.files import job, write_table
from lesionflow.manifest import make_manifest

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        described = pd.read_csv(snakemake.input.labels, dtype={"image": str, "lesion": "string", "age": str})
        packed = {Path(table).stem: pd.read_csv(table, dtype={"image": str}) for table in snakemake.input.tables}
        duplicates = pd.read_csv(snakemake.input.duplicates, dtype=str)
        params, path = snakemake.params, snakemake.input.conflicts
        reasons = left_out(pd.read_csv(path, dtype=str), params.on_conflict, path)
        manifest, rejected = make_manifest(described, packed, params.classes, params.on_bad_image, duplicates, reasons)
        write_table(snakemake.output.manifest, manifest)
        write_table(snakemake.output.rejected, rejected)


if __name__ == "__main__":
    main(snakemake)
