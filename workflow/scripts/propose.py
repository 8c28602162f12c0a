"""Write a config for images and tables that nobody has described yet, and print the command that runs it."""

import sys
from typing import TYPE_CHECKING

from lesionflow.files import write_text
from lesionflow.logs import job
from lesionflow.proposal.propose import check_absent, propose, run_command

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params, path = snakemake.params, "proposed.yaml"
    with job(snakemake.log[0]):
        check_absent(path)
        command = run_command(params.snakefile)
        found = (params.images, params.labels, params.metadata)
        text = propose(*found, params.collections, params.protocol, "efficientnet_lite0", params.architecture, command)
        write_text(path, text)
        print(f"{path} is written: read it, then run\n{command}", file=sys.__stdout__)


if __name__ == "__main__":
    main(snakemake)
