"""Choose the model that looks at new images, and refuse one that does not fit the config."""

from typing import TYPE_CHECKING

from lesionflow.files import job, write_json
from lesionflow.predictions import check_fit, choose_model

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def main(snakemake: "Snakemake") -> None:
    params = snakemake.params
    with job(snakemake.log[0]):
        folder, card = choose_model(params.images, params.collection, params.model)
        check_fit(folder, card, params.classes, params.image_size, params.resize, params.backbones)
        write_json(snakemake.output[0], {"folder": folder, **card})


if __name__ == "__main__":
    main(snakemake)
