"""Audit overlaps between the parts of a protocol; fail if a protocol that is not leaky leaks."""

import logging
from typing import TYPE_CHECKING

import pandas as pd

from lesionflow.files import write_json
from lesionflow.lists import read_duplicates, read_manifest
from lesionflow.logs import job
from lesionflow.splits.audit import audit, read_audited, smote_parents, with_duplicates
from lesionflow.splits.overlap_text import lesions_known

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        manifest, inputs = read_manifest(snakemake.input.manifest), snakemake.input
        lists = [
            read_audited(manifest, inputs.split, path, inputs.duplicates, snakemake.params.leaky)
            for path in inputs.training
        ]
        parents = pd.concat([smote_parents(training) for _, training in lists])
        result = audit(with_duplicates(manifest, read_duplicates(inputs.duplicates)), lists[0][0], parents)
        logging.info("Audited: %s", lesions_known(result))
        write_json(snakemake.output[0], result)


if __name__ == "__main__":
    main(snakemake)
