"""Export the best model as ONNX, checked against PyTorch on test images."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesionflow.data.store import Samples, open_store
from lesionflow.evaluation.best_model import best_model, model_folder, warnings
from lesionflow.evaluation.model_card import NOTICE
from lesionflow.evaluation.onnx_export import INPUT, OUTPUT, parity, with_probabilities, write_onnx
from lesionflow.files import atomic_write, file_digest, read_json, write_json
from lesionflow.lists import read_probabilities, read_results
from lesionflow.logs import job
from lesionflow.training.backbones import restore

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

CHECKED = 32  # test images


def main(snakemake: "Snakemake") -> None:
    inputs = snakemake.input
    with job(snakemake.log[0]):
        best = best_model(read_results(inputs.table))
        folder = Path(model_folder(snakemake.wildcards.collection, best))
        card = read_json(folder / "model.json")
        classes, size = card["classes"], card["image_size"]
        model = with_probabilities(restore(folder / "model.safetensors", card["backbone_settings"], len(classes)))
        test = read_probabilities(folder / "test.csv").sample(frac=1, random_state=0).head(CHECKED)
        images = Samples.from_list(open_store(inputs.manifest, inputs.pixels), test, classes)
        with atomic_write(snakemake.output.model) as path:
            said = [NOTICE, *warnings(card)]
            write_onnx(model, size, path, {"notice": " ".join(said), "classes": json.dumps(classes)})
            pixels = images.read(np.arange(len(images))).float()
            differences = parity(model, path, pixels, test[classes].to_numpy())
        facts = {
            "notice": NOTICE,
            "warnings": warnings(card),
            "model": str(folder),
            "leaky": card["leaky"],
            "valid_balanced_accuracy": float(best["valid_balanced_accuracy"]),
            "input": {
                "name": INPUT,
                "shape": ["images", 3, size, size],
                "dtype": "float32",
                "range": [0, 255],
                "channels": "RGB",
                "resize": card["resize"],
            },
            "output": {"name": OUTPUT, "shape": ["images", len(classes)], "dtype": "float32"},
            "classes": classes,
            "parity": differences,
            "sha256": file_digest(snakemake.output.model),
        }
        write_json(snakemake.output.card, facts)


if __name__ == "__main__":
    main(snakemake)
