# Input functions: new images, and the model that was chosen for them.
from lesionflow.files import read_json


def existing_file(path):
    """The absolute path of a result, or nothing where it does not exist: no rule makes absolute paths, so nothing reruns."""
    return str(Path(path).absolute()) if Path(path).exists() else []


def known_models(wildcards):
    """What the choice of a model for new images rests on, as far as it is there."""
    if "model" in config["predict"]:
        return existing_file(f"{config['predict']['model']}/model.json")
    return existing_file(f"{TABLES}/table_4_1.csv".format(collection=config["collection"]))


def chosen_model(wildcards):
    """The model that was chosen for new images, under its absolute path too."""
    choice = read_json(checkpoints.choose_model.get(**wildcards).output[0])
    return str(Path(choice["folder"], "model.safetensors").absolute())


def new_images(ending):
    """An input function: the file with `ending` of the new images, packed as the chosen model wants them."""

    def shard_file(wildcards):
        choice = read_json(checkpoints.choose_model.get(**wildcards).output[0])
        resize = "nearest" if choice["resize"] == "nearest" else ""
        return f"{PACKED_NEW}/000{ending}".format(name=wildcards.name, size=choice["image_size"], resize=resize)

    return shard_file


def new_files(wildcards):
    """What changes when a file among the new images does."""
    return listing_digest(config["images"])
