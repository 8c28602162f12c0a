# Input functions of predictions on new images.


def existing_file(path):
    """A result as it lies there, or nothing: by its absolute path Snakemake knows no rule that would train it again."""
    return str(Path(path).absolute()) if Path(path).exists() else []


def known_models(wildcards):
    """What the choice of a model for new images rests on, as far as it is there."""
    if "model" in config["predict"]:
        return existing_file(f"{config['predict']['model']}/model.json")
    return existing_file(f"results/{config['collection']}/tables/table_4_1.csv")


def chosen_model(wildcards):
    """The model that was chosen for new images, under its absolute path too."""
    choice = read_json(checkpoints.choose_model.get(**wildcards).output[0])
    return str(Path(choice["folder"], "model.safetensors").absolute())


def new_images(ending):
    """An input function: the file with `ending` of the new images, packed as the chosen model wants them."""

    def shard_file(wildcards):
        choice = read_json(checkpoints.choose_model.get(**wildcards).output[0])
        nearest = "nearest" if choice["resize"] == "nearest" else ""
        return f"resources/predictions/{wildcards.name}/packed{choice['image_size']}{nearest}/000{ending}"

    return shard_file


def new_files(wildcards):
    """What changes when a file among the new images does."""
    return listing_digest(config["images"])
