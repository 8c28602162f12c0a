"""Export the best model as ONNX, checked against PyTorch on test images."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesionflow.data.store import Samples, open_store
from lesionflow.evaluation.best_model import best_model, model_folder, warnings
from lesionflow.evaluation.model_card import NOTICE
from lesionflow.evaluation.onnx_export import onnx_card, parity, with_probabilities, write_onnx
from lesionflow.files import atomic_write, file_digest, read_json, write_json
from lesionflow.lists import read_probabilities, read_results
from lesionflow.logs import job
from lesionflow.training.backbones import restore

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

CHECKED = 32  # test images


def main(snakemake: "Snakemake") -> None:
    inputs, output = snakemake.input, snakemake.output
    with job(snakemake.log[0]):
        best = best_model(read_results(inputs.table))
        folder = Path(model_folder(snakemake.wildcards.collection, best))
        record = read_json(folder / "model.json")
        classes = record["classes"]
        model = with_probabilities(restore(folder / "model.safetensors", record["backbone_settings"], len(classes)))
        test = read_probabilities(folder / "test.csv").sample(frac=1, random_state=0).head(CHECKED)
        images = Samples.from_list(open_store(inputs.manifest, inputs.pixels), test, classes)
        said = warnings(record)
        with atomic_write(output.model) as path:
            notice = " ".join([NOTICE, *said])
            write_onnx(model, record["image_size"], path, {"notice": notice, "classes": json.dumps(classes)})
            pixels = images.read(np.arange(len(images))).float()
            differences = parity(model, path, pixels, test[classes].to_numpy())
        facts = {
            "model": str(folder),
            "valid_balanced_accuracy": float(best["valid_balanced_accuracy"]),
            "parity": differences,
            "sha256": file_digest(output.model),
        }
        write_json(output.card, onnx_card(record, said, **facts))


if __name__ == "__main__":
    main(snakemake)
