# What rules take as `params` and `resources`: the parts of the config that a step depends on, digests of code.
import functools

from lesionflow import source
from lesionflow.config.contrasts import contrasts
from lesionflow.config.settings import SAME_TRAINING, run_settings

LEAKY_PROTOCOLS = [name for name in config["run"]["protocols"] if config["protocols"][name]["leaky"]]
# Cross-fitted protocols of the run, with their number of folds.
SPLITS = {name: config["protocols"][name]["split"] for name in config["run"]["protocols"]}
FOLDS = {name: split["folds"] for name, split in SPLITS.items() if split["method"] == "by_fold"}
# Rungs of the ladder with the same training images: the first trains, the others take its models.
TRAINED_RUNGS = [f"ladder_{rung}" for rung in SAME_TRAINING if rung in config["ladder"]["rungs"]]
# Test images per class of a split, for the size of a study; cross-fitted protocols test all.
TEST_IMAGES = max([split["test"] for split in SPLITS.values() if "test" in split], default=50)
# Datasets shown in the thesis' figures of balancing: the run's first without oversampling, and the first with SMOTE.
UNDERSAMPLED = [name for name in config["run"]["datasets"] if not config["datasets"][name].get("oversample")][:1]
OVERSAMPLED = [name for name in config["run"]["datasets"] if config["datasets"][name].get("oversample") == "smote"][:1]

# `cache:` of rules. Without `--cache` on the command line, Snakemake would warn of each such rule in every job.
CACHES = workflow.workflow_settings.cache is not None

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
