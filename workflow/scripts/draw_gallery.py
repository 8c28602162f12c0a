"""Draw what models say of test images and where they look, stage after stage, those that differ in the dataset only."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from lesionflow.data.store import Store, open_store
from lesionflow.evaluation.examples import most_confident_errors, one_per_class, read_answers
from lesionflow.evaluation.gradcam import grad_cam, last_map
from lesionflow.files import atomic_write, read_json
from lesionflow.lists import read_probabilities
from lesionflow.logs import job
from lesionflow.report.figures.predictions import gallery, mistakes, overlay
from lesionflow.training.backbones import restore

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def look(model_file: str, backbone: Mapping, answers: pd.DataFrame, store: Store, classes: list[str]) -> np.ndarray:
    """The images of `answers` and, over them, what spoke for the predicted classes: uint8 [2, n, size, size, 3]."""
    pixels = store.read(store.positions(answers["image"]))
    model = restore(Path(model_file), backbone, len(classes))
    target = torch.from_numpy(pd.Index(classes).get_indexer(answers["predicted"]))
    given = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    influence = grad_cam(model, last_map(model.backbone, store.size), given, target).numpy()
    return np.stack([pixels, overlay(pixels, influence)])


def main(snakemake: "Snakemake") -> None:
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    with job(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        store = open_store(inputs.manifest, inputs.pixels)
        label = store.manifest.set_index("image")["label"]
        how = {"names": params.class_names, "leaky": params.leaky}
        for stage, number in enumerate(params.numbers):
            # Inputs are of the three stages of the first dataset, then of the next.
            models, tests = inputs.models[stage::3], inputs.tests[stage::3]
            cards = [read_json(path) for path in inputs.cards[stage::3]]
            answers = [read_answers(read_probabilities(path), label) for path in tests]
            drawn = [one_per_class(table, params.classes, int(snakemake.wildcards.seed)) for table in answers]
            wrong = [most_confident_errors(table) for table in answers]
            overlays = [
                look(model, params.backbone, pd.concat(tables), store, params.classes)
                for model, *tables in zip(models, drawn, wrong, strict=True)
            ]
            count = len(drawn[0])
            with atomic_write(output.gallery[stage]) as path:
                gallery(path, cards, drawn, [seen[:, :count] for seen in overlays], **how, number=number)
            with atomic_write(output.mistakes[stage]) as path:
                mistakes(path, cards, wrong, [seen[:, count:] for seen in overlays], **how)


if __name__ == "__main__":
    main(snakemake)
