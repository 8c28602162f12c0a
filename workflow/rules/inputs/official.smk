# Input functions: the model that was chosen for the official test, and its files.
OFFICIAL = config["official"]["collection"]
(UNKNOWN,) = config["collections"][OFFICIAL]["ignore_classes"]  # the class that no model knows


def of_chosen(path):
    """An input function: `path` with the wildcards of the model that was chosen for the official test."""
    return lambda wildcards: path.format(**read_json(checkpoints.choose_official.get(**wildcards).output[0]))
