import gc
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import DeploymentMethod

sys.path.insert(0, f"{workflow.basedir}/workflow/scripts")
from lesionflow.files import InputError, read_json, source_digest, write_text
from lesionflow.predictions import listing_digest, set_name
from lesionflow.preflight import find_problems, needed_bytes, needed_files, used_packages, weights_file
from lesionflow.settings import check_names, check_schema, complete_protocols

# A plan of thousands of jobs is millions of objects that all stay; looking through them for garbage takes seconds.
gc.set_threshold(200_000, 50, 50)

try:
    check_schema(config, f"{workflow.basedir}/workflow/schemas/config.schema.yaml")
    config["protocols"] = complete_protocols(config)
    check_names(config)
except InputError as error:
    raise WorkflowError(f"Config: {error}") from None


def names_of(section):
    return "|".join(map(re.escape, config[section]))


wildcard_constraints:
    collection=names_of("collections"),
    other=names_of("collections"),
    protocol=names_of("protocols"),
    seed=r"\d+",
    dataset=names_of("datasets"),
    backbone=names_of("backbones"),
    stage="[123]",
    size=r"\d+",
    resize="|nearest",
    shard=r"\d{3}",


MODEL = "results/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}"
SEARCH = "results/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/search"


def grow(amount):
    """A resource of a rule: `amount` at first, and as much again with each retry (`retries` of the profile)."""
    return lambda wildcards, attempt: amount * attempt


def setting(path, **default):
    """An input function: what the config has at `path` of its keys, wildcards filled in; `default` if it has nothing.

    Snakemake's `lookup(dpath=…)` does the same by looking at every key of the config, for every job.
    """

    def value(wildcards):
        found = config
        for key in path.format(**wildcards).split("/"):
            key = int(key) if key.isdigit() else key  # a stage
            if key not in found and default:
                return default["default"]
            found = found[key]
        return found

    return value


def stages(name):
    """The file `name` of the three stages of a training: short steps do all of them in one job."""
    return expand(f"{MODEL}/{name}", stage=[1, 2, 3], allow_missing=True)


def collection_file(key):
    """An input function: the file that the collection names as `key`, if it names one."""
    return lambda wildcards: config["collections"][wildcards.collection].get(key) or []


def packed_folder(wildcards, of="collection"):
    """Where the packed images of the collection lie that the wildcard `of` names, resized as the protocol wants."""
    nearest = "protocol" in wildcards.keys() and config["protocols"][wildcards.protocol]["resize"] == "nearest"
    return f"resources/{wildcards[of]}/packed{config['image_size']}{'nearest' if nearest else ''}"


def shard_names(collection):
    return [f"{shard:03d}" for shard in range(config["collections"][collection]["shards"])]


def packed(ending, of=("collection",)):
    """An input function: the packed shards' files with `ending` (.npy, .csv) of the collections in wildcards `of`."""
    return lambda wildcards: [
        f"{packed_folder(wildcards, name)}/{shard}{ending}" for name in of for shard in shard_names(wildcards[name])
    ]


def packed_store(wildcards):
    """The index of the packed shards: one file for many, where there are thousands of jobs to plan."""
    return f"{packed_folder(wildcards)}/store.json"


def store_files(ending):
    """An input function: the files with `ending` that a store's index stands for."""
    return lambda wildcards: expand(
        "resources/{collection}/packed{size}{resize}/{shard}{ending}",
        shard=shard_names(wildcards.collection),
        ending=ending,
        **wildcards,
    )


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
    """A backbone of the config with what the protocol changes in it."""
    backbone = dict(config["backbones"][wildcards.backbone])
    protocol = config["protocols"][wildcards.protocol]
    if wildcards.backbone in protocol["unfreeze"]:
        backbone["unfreeze"] = protocol["unfreeze"][wildcards.backbone]
    if wildcards.backbone in protocol["input_range"]:
        low, high = protocol["input_range"][wildcards.backbone]
        backbone["mean"], backbone["std"] = [low / (low - high)] * 3, [1 / (high - low)] * 3
    return backbone


def weights_urls(wildcards):
    """Where the backbones of the config say that a weights file can be had."""
    weights = [backbone["weights"] for backbone in config["backbones"].values()]
    return sorted({url for url in weights if url.startswith("http") and url.rsplit("/", 1)[-1] == wildcards.file})


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


def as_it_is(path):
    """A result as it lies there, or nothing: by its absolute path Snakemake knows no rule that would train it anew."""
    return str(Path(path).absolute()) if Path(path).exists() else []


def known_models(wildcards):
    """What the choice of a model for new images rests on, as far as it is there."""
    if "model" in config["predict"]:
        return as_it_is(f"{config['predict']['model']}/model.json")
    return as_it_is(f"results/{config['collection']}/tables/table_4_1.csv")


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


def check_ready(log):
    """Say that a run has all that machines without a network cannot get; WorkflowError, and all it lacks in `log`."""
    collection = config["collections"][config["collection"]]
    every = Wildcards(fromdict={"collection": config["collection"]})
    in_image = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    problems = find_problems(
        needed_files(config, made=list(rules.draw_demo.output)),
        used_packages(config),
        config["container"] if in_image else None,
        config["preflight"]["gpu"],
        needed_bytes(collection["labels"], config["image_size"], packed(".npy")(every), card_files(every)),
    )
    write_text(log, "\n".join(problems or ["ready"]) + "\n")
    if problems:
        raise WorkflowError(f"Not ready, {len(problems)} missing or wrong: see {log}.")
    print("ready")


# The datasets that the thesis' figures of balancing show: the run's first without synthetic images, and with them.
UNDERSAMPLED = [name for name in config["run"]["datasets"] if not config["datasets"][name].get("oversample")][:1]
OVERSAMPLED = [name for name in config["run"]["datasets"] if config["datasets"][name].get("oversample")][:1]
