"""Give a rung of the ladder the models of the rung that was trained on the same images."""

import shutil
from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json, write_json
from lesionflow.lists import read_manifest, read_parts, read_training
from lesionflow.logs import job
from lesionflow.splits.audit import read_audited
from lesionflow.splits.ladder import check_same_training

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, leaky = snakemake.input, snakemake.output, snakemake.params.leaky
    with job(snakemake.log[0]):
        manifest = read_manifest(inputs.manifest)
        own = read_audited(manifest, inputs.split, inputs.training, inputs.duplicates, leaky)
        trained = read_parts(inputs.trained_split[0]), read_training(inputs.trained_list[0])
        check_same_training(inputs.training, own, trained)
        copied = [
            *zip(inputs.models, output.models, strict=True),
            *zip(inputs.histories, output.histories, strict=True),
        ]
        for source, target in copied:
            with atomic_write(target) as path:
                shutil.copyfile(source, path)
        for source, target in zip(inputs.cards, output.cards, strict=True):
            write_json(target, read_json(source) | {"protocol": snakemake.wildcards.protocol, "leaky": leaky})


if __name__ == "__main__":
    main(snakemake)
