"""Draw the synthetic images of a training list: counted, with their parents, in a plane, three per class."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lesionflow.data.store import Samples, Store, open_store
from lesionflow.files import atomic_write
from lesionflow.lists import read_counts, read_training
from lesionflow.logs import job
from lesionflow.report.figures import smote as smote_figures

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


def draw_pictures(paths: list[Path], store: Store, training: pd.DataFrame, split: list[str], leaky: bool) -> None:
    """Figures 3.6, 3.7 and 3.9 to `paths`: of each class the most even mix, one in its plane, and three."""
    real, synthetic = (training[training["neighbour"].isna() == kind] for kind in (True, False))
    synthetic = synthetic.sort_values("label", kind="stable")
    if synthetic.empty:
        for path, number in zip(paths, ("3.6", "3.7", "3.9"), strict=True):
            smote_figures.no_synthetic_image(path, number, split, leaky)
        return
    images = Samples.from_list(store, training, list(training["label"].cat.categories))

    def with_parents(rows: pd.DataFrame) -> np.ndarray:
        mixed = images.read(rows.index.to_numpy()).permute(0, 2, 3, 1).numpy()
        return np.stack([*(store.read(store.positions(rows[side])) for side in ("image", "neighbour")), mixed], axis=1)

    of_class = synthetic.groupby("label", observed=True)
    even = synthetic.loc[(synthetic["weight"] - 0.5).abs().groupby(synthetic["label"], observed=True).idxmin()]
    smote_figures.smote_examples(paths[0], even, with_parents(even), split, leaky)
    rarest = real["label"].value_counts()[even["label"]].idxmin()
    names = real.loc[real["label"] == rarest, "image"]
    members = store.read(store.positions(names))
    shown = smote_figures.clearest(of_class.get_group(rarest), names, members)
    smote_figures.smote_plane(paths[1], shown.iloc[0], members, with_parents(shown)[0], split, leaky)
    smote_figures.synthetic_images(paths[2], of_class.head(3), with_parents(of_class.head(3))[:, 2], split, leaky)


def main(snakemake: "Snakemake") -> None:
    inputs, output, params, wildcards = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    split = [wildcards.protocol, f"seed {wildcards.seed}"]
    with job(snakemake.log[0]):
        store = open_store(inputs.manifest, inputs.pixels)
        training = read_training(inputs.training[0])
        counts = read_counts(inputs.counts)
        training["label"] = pd.Categorical(training["label"], categories=counts["class"])  # in the config's order
        with atomic_write(output.classes) as path:
            smote_figures.smote_classes(path, counts, params.datasets[0], split, params.leaky)
        with (
            atomic_write(output.examples) as examples,
            atomic_write(output.plane) as plane,
            atomic_write(output.images) as images,
        ):
            draw_pictures([examples, plane, images], store, training, split, params.leaky)


if __name__ == "__main__":
    main(snakemake)
