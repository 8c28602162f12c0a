# Input functions: labels and metadata of collections, and what changes with them.
from dataclasses import fields

from lesionflow.config.paths import BY_FOLDER, table_of
from lesionflow.data.layout import Layout


def collection_file(key):
    """An input function: the file that the collection names as `key`, if it names one."""
    return lambda wildcards: table_of(config["collections"][wildcards.collection], key) or []


def table_layout(wildcards):
    """How the collection's tables are written: the arguments of Layout."""
    collection = config["collections"][wildcards.collection]
    return {field.name: collection[field.name] for field in fields(Layout) if field.name in collection}


def labelling_images(wildcards):
    """The collection's images, if there are no labels without them: if these are folders, or are of lesions."""
    collection = config["collections"][wildcards.collection]
    return collection["images"] if collection["labels"] == BY_FOLDER or collection["label_key"] == "lesion" else []


def labelling_images_state(wildcards):
    """What changes when the images do, if there are no labels without them."""
    return labelling_images(wildcards) and images_state(wildcards)


def table_digest(key):
    """An input function: the digest of the table that the collection names as `key`, if it names one."""

    def digest(wildcards):
        path = table_of(config["collections"][wildcards.collection], key)
        return path and file_digest(path)

    return digest
