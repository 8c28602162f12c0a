"""Join labels and packed images into the manifest."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.data.conflicts import left_out
from lesionflow.data.manifest import make_manifest
from lesionflow.data.shards import read_shard
from lesionflow.lists import read_conflicts, read_described, read_duplicates, write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        described = read_described(snakemake.input.labels)
        packed = {Path(table).stem: read_shard(table) for table in snakemake.input.tables}
        duplicates = read_duplicates(snakemake.input.duplicates)
        params, path = snakemake.params, snakemake.input.conflicts
        reasons = left_out(read_conflicts(path), params.on_conflict, path)
        manifest, rejected = make_manifest(
            described, packed, params.classes, params.on_bad_image, duplicates, reasons, params.group_by
        )
        write_table(snakemake.output.manifest, manifest)
        write_table(snakemake.output.rejected, rejected)


if __name__ == "__main__":
    main(snakemake)
