"""Plot one split: its data preparation, images per class, under-sampling and leakage."""

from typing import TYPE_CHECKING

from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_counts, read_packed, read_parts
from lesionflow.logs import job
from lesionflow.report.figures.data import class_distribution, preparation, undersampling
from lesionflow.report.figures.leakage import leakage_by_class

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params, wildcards = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    of = {"split": {"protocol": wildcards.protocol, "seed": wildcards.seed}, "leaky": params.leaky}
    with job(snakemake.log[0]):
        counts, parts = read_counts(inputs.counts), read_parts(inputs.split).groupby("part")["image"].agg(set)
        files = sum(len(read_packed(table)) for table in inputs.packed)
        with atomic_write(output.preparation) as path:
            preparation(path, files, params.size, counts, len(parts["train"] & parts["test"]), **of)
        for dataset, figure in zip(params.datasets, output.undersampling, strict=True):
            with atomic_write(figure) as path:
                undersampling(path, counts, dataset, **of)
        with atomic_write(output.classes) as path:
            class_distribution(path, counts, **of)
        with atomic_write(output.leakage) as path:
            leakage_by_class(path, read_json(inputs.leakage), **of)


if __name__ == "__main__":
    main(snakemake)
