"""Choose the model for new images; fail if it does not fit the config or cannot be read."""

from pathlib import Path
from typing import TYPE_CHECKING

from lesionflow.evaluation.best_model import check_fit, choose_model
from lesionflow.evaluation.predictions import check_source, source_of
from lesionflow.files import write_json
from lesionflow.logs import job
from lesionflow.training.backbones import restore

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        folder, record = choose_model(params.images, params.collection, params.model)
        check_source(Path(snakemake.output[0]), params.images)
        check_fit(folder, record, params.classes, params.image_size, params.resize, params.backbones)
        # Before images are packed. An absolute path marks the model as the user's: if damaged, it is not removed.
        model = Path(folder, "model.safetensors").absolute()
        restore(model, record["backbone_settings"], len(record["classes"]))
        write_json(snakemake.output[0], {"folder": folder, "images": source_of(params.images), **record})


if __name__ == "__main__":
    main(snakemake)
