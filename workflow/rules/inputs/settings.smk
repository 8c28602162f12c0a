# What rules take as `params` and `resources`: the parts of the config that a step depends on, digests of code.
import functools

from lesionflow import source
from lesionflow.config.settings import RECIPE_OF_OTHERS, run_settings
from lesionflow.urls import public

LEAKY_PROTOCOLS = [name for name in config["run"]["protocols"] if config["protocols"][name]["leaky"]]
# The datasets that the thesis' figures of balancing show: the run's first without synthetic images, and with them.
UNDERSAMPLED = [name for name in config["run"]["datasets"] if not config["datasets"][name].get("oversample")][:1]
OVERSAMPLED = [name for name in config["run"]["datasets"] if config["datasets"][name].get("oversample")][:1]

# `cache:` of rules. Without `--cache` on the command line, Snakemake would warn of each such rule in every job.
CACHES = workflow.workflow_settings.cache is not None

digest_of_code = functools.cache(source.code_of)  # thousands of jobs ask for it


def per_attempt(amount):
    """A resource of a rule: `amount` at first, and as much again with each retry (`retries` of the profile).

    For what needs more than the profiles' `default-resources`.
    """
    return lambda wildcards, attempt: amount * attempt


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


def recipe(wildcards):
    """What of a protocol a training depends on: all but the split, balancing, and settings of single backbones."""
    protocol = config["protocols"][wildcards.protocol]
    return {key: value for key, value in protocol.items() if key not in RECIPE_OF_OTHERS}


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


def drawn(wildcards):
    """Whether the collection's images are the demo's, whatever the collection is called: a program drew them."""
    images = config["collections"][wildcards.collection]["images"]
    return Path(images).resolve() == Path(rules.generate_demo.output.images).resolve()


def weights_urls(wildcards):
    """Where the backbones of the config say that a weights file can be had."""
    return [public(url) for url in config["private_urls"][f"resources/weights/{wildcards.file}"]]


def weights_digest(wildcards):
    """The head of the SHA-256 that torchvision puts into its file names: resnet50-0676ba61.pth."""
    return re.search(r"-([0-9a-f]{8,64})\.", wildcards.file).group(1)
