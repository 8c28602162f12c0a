import functools

from lesionflow.report import thesis

# Every figure and table of the thesis, and the files of this run that have its numbers.
THESIS = thesis.read_contents(f"{workflow.basedir}/workflow/resources/thesis.csv")
NUMBERED = thesis.results(THESIS, config)


@functools.cache
def number_of(file, backbone, stage):
    return thesis.number(THESIS, file, config["backbones"][backbone], stage)


def thesis_number(file, stage=None):
    """A function of wildcards: the thesis' number of `file` (as in thesis.csv) for the backbone; None if it has none."""
    return lambda wildcards: number_of(file, wildcards.backbone, stage)


def thesis_numbers(file):
    """A function of wildcards: the thesis' numbers of `file` in stages 1 to 3."""
    return lambda wildcards: [thesis_number(file, stage)(wildcards) for stage in (1, 2, 3)]


def thesis_labels(file, shows, stage=None):
    """A function of wildcards: labels of `file` (as in thesis.csv), with its number if it has one."""

    def labels(wildcards):
        found = thesis_number(file, stage)(wildcards)
        kind = "table" if file.startswith("tables") else "figure"
        names = {"backbone": wildcards.backbone} | ({"stage": str(stage)} if stage else {})
        return names | {kind: f"{found}: {shows}" if found else shows}

    return labels


def stage_results(file, ending, shows, **about):
    """Declared outputs: `file` (as in thesis.csv) of stages 1 to 3, with `about` for Snakemake's report."""
    path = f"results/{{collection}}/{file}{ending}"
    labels = {stage: thesis_labels(file, shows, stage) for stage in (1, 2, 3)}
    return [report(path.replace("{stage}", str(stage)), labels=labels[stage], **about) for stage in labels]


def thesis_figure(number, folder, **labels):
    """A declared output: figure `number` of the thesis in `folder`, with its caption."""
    name = f"figure_{number.replace('.', '_')}"
    category = "Models" if number in ("3.10", "3.11") else "Images"
    labels["figure"] = number
    return report(f"{folder}/{name}.svg", caption=f"../report/{name}.rst", category=category, labels=labels)


def thesis_figures(wildcards):
    """The thesis' figures of the data and of the models, those that the run has all parts of."""
    files = [row["source"] for row in NUMBERED if Path(row.get("source", "")).name.startswith("figure_")]
    return [f"results/{wildcards.collection}/{file}" for file in files]
