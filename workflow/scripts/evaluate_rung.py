"""Evaluate a model on the test images of its own split and on clean images."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.ladder import ladder_row
from lesionflow.files import read_json, write_json
from lesionflow.lists import read_manifest, read_probabilities
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        manifest = read_manifest(inputs.manifest)
        rung = snakemake.wildcards.protocol.removeprefix("ladder_")
        tests = {part: read_probabilities(inputs[part]) for part in ("test", "clean")}
        write_json(
            snakemake.output[0], ladder_row(rung, read_json(inputs.card), read_json(inputs.leakage), manifest, **tests)
        )


if __name__ == "__main__":
    main(snakemake)
