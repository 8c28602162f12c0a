"""Make the training list of a dataset."""

from typing import TYPE_CHECKING

from lesionflow.balancing.methods import balance
from lesionflow.data.shards import shard_files
from lesionflow.data.store import open_store
from lesionflow.lists import read_parts, write_table
from lesionflow.logs import job
from lesionflow.splits.methods import check_split

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    with job(snakemake.log[0]):
        store = open_store(snakemake.input.manifest, shard_files(snakemake.input.store))
        split = read_parts(snakemake.input.split)
        check_split(snakemake.input.split, split, store.manifest["image"])
        labels = store.manifest.set_index("image")["label"][split.loc[split["part"] == "train", "image"]]
        store.verify(store.positions(labels.index))
        dataset = dict(snakemake.params.dataset)
        if not snakemake.params.same_real_images:
            dataset.pop("real_limit", None)
        training = balance(
            labels,
            lambda images: store.row_blocks(store.positions(images)),
            seed=int(snakemake.wildcards.seed),
            undersample=snakemake.params.undersample,
            **dataset,
        )
        write_table(snakemake.output[0], training)


if __name__ == "__main__":
    main(snakemake)
