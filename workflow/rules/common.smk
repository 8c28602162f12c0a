import functools
import gc
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import IOFile
from snakemake.iocontainers import Wildcards
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod
from snakemake_interface_executor_plugins.settings import ExecMode

sys.path.insert(0, f"{workflow.basedir}/workflow/scripts")
from lesionflow import source
from lesionflow.config import locks
from lesionflow.config.paths import check_command_line, check_paths, check_tables, typed_images
from lesionflow.config.preflight import find_problems, needed_bytes, needed_files, used_packages, weights_file
from lesionflow.config.settings import RECIPE_OF_OTHERS, complete, run_settings
from lesionflow.evaluation.predictions import set_name
from lesionflow.files import InputError, file_digest, listing_digest, read_json, write_text
from lesionflow.urls import is_public, public, take_urls

# OpenMP's threads wait for each other busily, and beside another busy process take its time and lose their own.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# A plan of thousands of jobs is millions of objects that all stay; looking through them for garbage takes seconds.
gc.set_threshold(200_000, 50, 50)

try:
    check_command_line(workflow.config_settings.config_args)
    if "images" in config:
        config["images"] = typed_images(config, workflow.config_settings.config_args)
    config.update(complete(config, f"{workflow.basedir}/workflow/schemas/config.schema.yaml"))
    check_paths(config)
    # With user, password and query; the rest of the config has none from here on.
    config["private_urls"] = take_urls(config)
except InputError as error:
    raise WorkflowError(f"Config: {error}") from None

if workflow.exec_mode == ExecMode.DEFAULT and "--unlock" not in sys.argv:  # and not in a job of a run
    try:
        said = locks.enter(Path(".snakemake"), dry=workflow.output_settings.dryrun)
    except InputError as error:
        raise WorkflowError(str(error)) from None
    if said:
        logger.warning(said)


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


SPLIT = "results/{collection}/{protocol}/seed{seed}"
MODEL = "results/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}"
SEARCH = "results/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/search"


def grow(amount):
    """A resource of a rule: `amount` at first, and as much again with each retry (`retries` of the profile)."""
    return lambda wildcards, attempt: amount * attempt


digest_of_code = functools.cache(source.code_of)  # thousands of jobs ask for it


def code_of(script, gate=None):
    """An input function: the digest of a script and of the code that it imports, made when a job asks for it.

    Without the module `gate`, which decides whether a step may run and not what it makes.
    """
    return lambda wildcards: digest_of_code(script, gate)


def setting(path, **default):
    """An input function: what the config has at `path` of its keys, wildcards filled in; `default` if it has nothing.

    Snakemake's `lookup(dpath=…)` does the same by looking at every key of the config, for every job.
    """

    def value(wildcards):
        found = config
        for key in path.format(**wildcards).split("/"):
            key = int(key) if key.isdigit() and key not in found else key  # a stage
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


def check_inputs():
    """Stop where a table is missing that results rest on; say so of images, which are needed no more once packed."""
    collection = config["collections"][config["collection"]]
    made = {
        *rules.draw_demo.output,
        *(
            f"resources/{name}/{file}"
            for name, parts in config["collections"].items()
            for file in parts.get("download", {})
        ),
    }
    try:
        check_tables(config, made)
    except InputError as error:
        raise WorkflowError(f"Config: {error}") from None
    packed_before = Path(f"results/{config['collection']}/manifest.csv").exists()
    if packed_before and collection["images"] not in made and not Path(collection["images"]).exists():
        logger.warning(f"There are no images at {collection['images']}: only results of images packed before are used.")


def foreign_files(wildcards):
    """What changes when a table of the foreign split, or a file in its folder, does."""
    given = [config["audit"][key] for key in ("split", "labels", "metadata") if config["audit"].get(key)]
    return [listing_digest(path) if os.path.isdir(path) else file_digest(path) for path in given]


def table_digest(key):
    """An input function: the digest of the table that the collection names as `key`, if it names one."""

    def digest(wildcards):
        path = config["collections"][wildcards.collection].get(key)
        return path and file_digest(path)

    return digest


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


# Datasets shown in the thesis' figures of balancing: the run's first without oversampling, and the first with SMOTE.
UNDERSAMPLED = [name for name in config["run"]["datasets"] if not config["datasets"][name].get("oversample")][:1]
OVERSAMPLED = [name for name in config["run"]["datasets"] if config["datasets"][name].get("oversample") == "smote"][:1]
