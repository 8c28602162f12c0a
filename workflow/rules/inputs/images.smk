# Input functions: raw and packed images, and what changes with them.
from snakemake.io import IOFile

from lesionflow.files import file_digest, listing_digest


def made_files():
    """Files of collections that rules make."""
    collections = config["collections"].items()
    downloads = {f"resources/{name}/{file}" for name, parts in collections for file in parts.get("download", {})}
    return {*rules.generate_demo.output, *rules.generate_demo_test.output, *downloads}


def made_images(wildcards):
    """The collection's images, if a rule makes them.

    Those of a user are no input: `images_state` says when they change, and a cache would read all of them for a digest,
    and fail at a folder.
    """
    images = config["collections"][wildcards.collection]["images"]
    return images if images in made_files() else []


def images_state(wildcards):
    """What changes when an image of the collection is added, removed or replaced.

    Where there are no images any more, after they were packed, it is what was recorded of them.
    """
    try:
        return f"images {listing_digest(config['collections'][wildcards.collection]['images'])}"
    except FileNotFoundError:
        labels = IOFile(f"results/{wildcards.collection}/labels.csv", rule=rules.read_labels.rule)
        for value in workflow.persistence.params(labels) or ():
            if value.startswith("'images "):
                return value.strip("'")
        raise


def foreign_files(wildcards):
    """What changes when a table of the foreign split, or a file in its folder, does."""
    given = [config["audit"][key] for key in ("split", "labels", "metadata") if config["audit"].get(key)]
    return [listing_digest(path) if os.path.isdir(path) else file_digest(path) for path in given]


def foreign_images(wildcards):
    """What changes when one of the images of the foreign split does."""
    return listing_digest(config["audit"]["images"])


def foreign_packed(ending):
    """The file with `ending` of the packed images of the foreign split."""
    return PACKED_FOREIGN.format(name="{name}", size=config["image_size"]) + ending


def foreign_duplicates(wildcards):
    """The duplicates among the images of the foreign split, if the config has its images."""
    return f"results/audit/{wildcards.name}/duplicates.csv" if "images" in config["audit"] else []


def shard_ids(collection):
    """The names of a collection's shards: 000, 001, …"""
    return [f"{shard:03d}" for shard in range(config["collections"][collection]["shards"])]


def packed_folder(wildcards, of="collection"):
    """Where the packed images of the collection lie that the wildcard `of` names, resized as the protocol wants."""
    nearest = "protocol" in wildcards.keys() and config["protocols"][wildcards.protocol]["resize"] == "nearest"
    return PACKED.format(collection=wildcards[of], size=config["image_size"], resize="nearest" if nearest else "")


def packed(ending, of=("collection",)):
    """An input function: the packed shards' files with `ending` (.npy, .csv) of the collections in wildcards `of`."""
    return lambda wildcards: [
        f"{packed_folder(wildcards, name)}/{shard}{ending}" for name in of for shard in shard_ids(wildcards[name])
    ]


def packed_store(wildcards):
    """The index of the packed shards: one file for many, where there are thousands of jobs to plan."""
    return f"{packed_folder(wildcards)}/store.json"


def store_files(ending):
    """An input function: the files with `ending` that a store's index stands for."""
    return lambda wildcards: expand(f"{PACKED}/{{shard}}{ending}", shard=shard_ids(wildcards.collection), **wildcards)
