# Where files lie, with wildcards; logs lie in logs/ under the name of their rule.
COLLECTION = "results/{collection}"
TABLES = f"{COLLECTION}/tables"
SPLIT = f"{COLLECTION}/{{protocol}}/seed{{seed}}"
DATASET = f"{SPLIT}/{{dataset}}"
SEARCH = f"{DATASET}/{{backbone}}/search"
MODEL = f"{DATASET}/{{backbone}}/stage{{stage}}"
POOLED = f"{COLLECTION}/{{protocol}}/pooled/{{dataset}}/{{backbone}}/stage{{stage}}"
PACKED = "resources/{collection}/packed{size}{resize}"
PREDICTIONS = "results/predictions/{name}"
PACKED_FOREIGN = "resources/audit/{name}/packed{size}"
PACKED_NEW = "resources/predictions/{name}/packed{size}{resize}"


def of_run(path, **wildcards):
    """`path` for every protocol, seed, dataset, backbone and stage of the run, but for what `wildcards` say."""
    run = {
        "protocol": config["run"]["protocols"],
        "seed": config["seeds"],
        "dataset": config["run"]["datasets"],
        "backbone": config["run"]["backbones"],
        "stage": STAGES,
    }
    return expand(path, allow_missing=True, **(run | wildcards))


def stages(name):
    """The file `name` of the three stages of a training: short steps do all of them in one job."""
    return expand(f"{MODEL}/{name}", stage=STAGES, allow_missing=True)
