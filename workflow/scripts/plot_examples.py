"""Plot test images with predictions and Grad-CAM, stage by stage, of models that differ in the dataset only."""

from typing import TYPE_CHECKING

import pandas as pd
import torch

from lesionflow.data.store import open_store
from lesionflow.evaluation.examples import most_confident_errors, one_per_class, read_answers
from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_probabilities
from lesionflow.logs import job
from lesionflow.report.figures.predictions import errors, examples, with_attribution

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        store = open_store(inputs.manifest, inputs.pixels)
        label = store.manifest.set_index("image")["label"]
        cards = [read_json(path) for path in inputs.cards]
        models = list(zip(cards, inputs.models, inputs.tests, strict=True))
        how = {"names": params.class_names, "leaky": params.leaky}
        for gallery, mistakes, stage in zip(output.gallery, output.mistakes, params.numbers, strict=True):
            own, weights, tests = zip(*(model for model in models if int(model[0]["stage"]) == stage), strict=True)
            answers = [read_answers(read_probabilities(path), label) for path in tests]
            drawn = [one_per_class(table, params.classes, int(snakemake.wildcards.seed)) for table in answers]
            wrong = [most_confident_errors(table) for table in answers]
            overlays = [
                with_attribution(file, params.backbone, pd.concat(tables), store, params.classes)
                for file, *tables in zip(weights, drawn, wrong, strict=True)
            ]
            count = len(drawn[0])
            with atomic_write(gallery) as path:
                examples(path, own, drawn, [seen[:, :count] for seen in overlays], number=params.numbers[stage], **how)
            with atomic_write(mistakes) as path:
                errors(path, own, wrong, [seen[:, count:] for seen in overlays], **how)


if __name__ == "__main__":
    main(snakemake)
