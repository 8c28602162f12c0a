# Input functions: what a model is trained from, and the files of models, searches and the ladder.


def first_weights(wildcards):
    """What a training starts from: the previous stage's model, or a file of pretrained weights, or nothing."""
    if int(wildcards.stage) > 1 and config["protocols"][wildcards.protocol]["transfer"]:
        before = MODEL.format(**{**wildcards, "stage": int(wildcards.stage) - 1})
        return f"{before}/model.safetensors"
    return pretrained_weights(wildcards)


def pretrained_weights(wildcards):
    """The file of a backbone's pretrained weights; nothing where it has none or has them from a package."""
    return weights_file(config["backbones"][wildcards.backbone]["weights"]) or []


def backbone_settings(wildcards):
    """What of a backbone a model depends on, with what the protocol changes in it."""
    backbone = {key: value for key, value in config["backbones"][wildcards.backbone].items() if key != "pretrained_on"}
    protocol = config["protocols"][wildcards.protocol]
    if wildcards.backbone in protocol["unfreeze"]:
        backbone["unfreeze"] = protocol["unfreeze"][wildcards.backbone]
    if wildcards.backbone in protocol["input_range"]:
        low, high = protocol["input_range"][wildcards.backbone]
        backbone["mean"], backbone["std"] = [low / (low - high)] * 3, [1 / (high - low)] * 3
    return backbone


def pretrained_on(wildcards):
    """What the weights of the run's backbones were trained on, by backbone, where the config says it."""
    named = {name: config["backbones"][name].get("pretrained_on") for name in config["run"]["backbones"]}
    return {name: text for name, text in named.items() if text}


def drawn(wildcards):
    """Whether the collection's images are the demo's, whatever the collection is called: a program drew them."""
    images = config["collections"][wildcards.collection]["images"]
    return Path(images).resolve() == Path(rules.draw_demo.output.images).resolve()


def loss(wildcards):
    """The loss of a training: that of its dataset if it names one, else its protocol's."""
    return config["datasets"][wildcards.dataset].get("loss", config["protocols"][wildcards.protocol]["loss"])


def balancing(wildcards):
    """What of a dataset its training list depends on: all but the loss."""
    return {key: value for key, value in config["datasets"][wildcards.dataset].items() if key != "loss"}


def recipe(wildcards):
    """What of a protocol a training depends on: all but the split, balancing, and settings of single backbones."""
    protocol = config["protocols"][wildcards.protocol]
    return {key: value for key, value in protocol.items() if key not in RECIPE_OF_OTHERS}


def weights_urls(wildcards):
    """Where the backbones of the config say that a weights file can be had."""
    return [public(url) for url in config["private_urls"][f"resources/weights/{wildcards.file}"]]


def weights_digest(wildcards):
    """The head of the SHA-256 that torchvision puts into its file names: resnet50-0676ba61.pth."""
    return re.search(r"-([0-9a-f]{8,64})\.", wildcards.file).group(1)


def model_files(name):
    """An input function: the file `name` of every model of the collection."""
    return lambda wildcards: expand(
        f"{MODEL}/{name}",
        collection=wildcards.collection,
        protocol=config["run"]["protocols"],
        seed=config["seeds"],
        dataset=config["run"]["datasets"],
        backbone=config["run"]["backbones"],
        stage=[1, 2, 3],
    )


def card_files(wildcards):
    """The cards of all models of the run, and of those of the ladder."""
    ladder = config["ladder"]
    of_ladder = expand(
        f"{MODEL}/card.md",
        collection=wildcards.collection,
        protocol=[f"ladder_{name}" for name in ladder["rungs"]],
        seed=config["seeds"],
        dataset=ladder["dataset"],
        backbone=ladder["backbone"],
        stage=[1, 2, 3],
    )
    return model_files("card.md")(wildcards) + of_ladder


def rung_rows(wildcards):
    """The rows of the ladder: every rung and seed, then collections from elsewhere that are there to be tested on."""
    ladder, collections = config["ladder"], config["collections"]
    there = [name for name in ladder["external"] if Path(collections[name]["images"]).exists()]
    rung = f"{MODEL}/ladder.json".format
    names = {
        "collection": wildcards.collection,
        "dataset": ladder["dataset"],
        "backbone": ladder["backbone"],
        "stage": 3,
    }
    rows = [rung(protocol=f"ladder_{name}", seed=seed, **names) for name in ladder["rungs"] for seed in config["seeds"]]
    external = f"{MODEL}/external/{{other}}.json".format
    return rows + [
        external(protocol="ladder_corrected", seed=seed, other=other, **names)
        for other in there
        for seed in config["seeds"]
    ]


def dataset_files(name):
    """An input function: the file `name` of models that differ in dataset and stage only, dataset by dataset."""
    return lambda wildcards: expand(f"{MODEL}/{name}", dataset=config["run"]["datasets"], stage=[1, 2, 3], **wildcards)


def backbone_files(name):
    """An input function: the file `name` of the models of one backbone, stage by stage."""
    return lambda wildcards: expand(
        f"{MODEL}/{name}",
        stage=[1, 2, 3],
        protocol=config["run"]["protocols"],
        seed=config["seeds"],
        dataset=config["run"]["datasets"],
        **wildcards,
    )


def winner_file(wildcards):
    """What the search found best for a training, if trainings are to follow it."""
    return f"{SEARCH}/winner.json".format(**wildcards) if config["search"]["use"] else []


def searches(path):
    """An input function: `path` of every search of the collection, which are made on the run's first dataset."""
    return lambda wildcards: expand(
        path,
        collection=wildcards.collection,
        protocol=config["run"]["protocols"],
        seed=config["seeds"],
        dataset=config["run"]["datasets"][0],
        backbone=config["run"]["backbones"],
    )


def search_files(wildcards):
    """The search's table and figures, if the config wants them with the rest."""
    if not config["search"]["run"]:
        return []
    return ["results/{collection}/tables/search.csv".format(**wildcards), *searches(SEARCH_FIGURE)(wildcards)]


def ladder_files(wildcards):
    """The ladder's table and figure, if the config has rungs."""
    files = ["results/{collection}/tables/ladder.csv", "results/{collection}/figures/ladder.svg"]
    return expand(files, **wildcards) if config["ladder"]["rungs"] else []
