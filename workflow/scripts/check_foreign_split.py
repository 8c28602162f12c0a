"""Fail if a split made elsewhere leaks, for others to use as a gate."""

from typing import TYPE_CHECKING

from lesionflow.files import InputError, read_json, write_text
from lesionflow.logs import job
from lesionflow.splits.overlap_text import lesions_known, sharing_sentences

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    name = snakemake.wildcards.name
    with job(snakemake.log[0]):
        result = read_json(snakemake.input[0])
        said = " ".join(sharing_sentences(result))
        if result["leaky"]:
            raise InputError(f"The split {name} leaks: {said} See results/audit/{name}/leakage.md, and correct it.")
        write_text(snakemake.output[0], f"{said} Audited: {lesions_known(result)}.\n")


if __name__ == "__main__":
    main(snakemake)
