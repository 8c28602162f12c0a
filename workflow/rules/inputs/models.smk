# Input functions: the files of models, searches and the ladder.


def model_files(name):
    """An input function: the file `name` of all models of the run that have the wildcards of the job."""
    return lambda wildcards: of_run(f"{MODEL}/{name}", **wildcards)


def results_files(name):
    """An input function: the file `name` for each row of Table 4.1: all models, or the pooled folds of each.

    Of a cross-fitted protocol, model.json is the first fold's.
    """

    def files(wildcards):
        found = []
        for protocol in config["run"]["protocols"]:
            folder = MODEL if name == "model.json" or protocol not in FOLDS else POOLED
            seeds = config["seeds"][:1] if protocol in FOLDS else config["seeds"]
            found += of_run(f"{folder}/{name}", protocol=protocol, seed=seeds, **wildcards)
        return found

    return files


def ladder_models(file, **wildcards):
    """The file of every seed of the ladder's models: of all rungs, unless `wildcards` name a protocol."""
    ladder = config["ladder"]
    rungs = {"protocol": [f"ladder_{name}" for name in ladder["rungs"]]}
    return of_run(file, dataset=ladder["dataset"], backbone=ladder["backbone"], **(rungs | wildcards))


def training_lists(wildcards):
    """The training lists of a split: of the run's datasets, but on the ladder only of the one that it trains on."""
    dataset = [config["ladder"]["dataset"]] if wildcards.protocol.startswith("ladder_") else config["run"]["datasets"]
    return of_run(f"{DATASET}/training.csv", dataset=dataset, **wildcards)


def trained_rung(file):
    """An input function: the file of the rung that trains for the job's, of all stages."""
    return lambda wildcards: of_run(file, **{**wildcards, "protocol": TRAINED_RUNGS[0]})


def card_files(wildcards):
    """The cards of all models of the run, and of those of the ladder."""
    return model_files("card.json")(wildcards) + ladder_models(f"{MODEL}/card.json", **wildcards)


def rung_rows(wildcards):
    """The rows of the ladder: every rung and seed, then collections from elsewhere that are there to be tested on."""
    rows = ladder_models(f"{MODEL}/ladder.json", stage=STAGES[-1], **wildcards)
    for other in config["ladder"]["external"] if "ladder_corrected" in config["protocols"] else ():
        if Path(config["collections"][other]["images"]).exists():
            names = {"protocol": "ladder_corrected", "stage": STAGES[-1], "other": other, **wildcards}
            rows += ladder_models(f"{MODEL}/external/{{other}}.json", **names)
    return rows


def searches(path):
    """An input function: `path` of every search of the collection, which are made on the run's first dataset."""
    return lambda wildcards: of_run(path, **{"dataset": config["run"]["datasets"][0], **wildcards})


def winner_file(wildcards):
    """What the search found best for a training, if trainings are to follow it."""
    return f"{SEARCH}/winner.json".format(**wildcards) if config["search"]["use"] else []
