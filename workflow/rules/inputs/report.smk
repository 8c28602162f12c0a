# What the report shows, and the thesis' numbers of it.
from lesionflow.report import thesis

# Every figure and table of the thesis, and the files of this run that have its numbers.
THESIS = thesis.read_contents(WORKFLOW / "resources/thesis_contents.csv")
NUMBERED = thesis.results(THESIS, config)

# The figures of the report, in its order: kind, category, and files without ending. Each joins where it is declared.
SHOWN = []

SEARCH_FIGURE = "figures/{protocol}/seed{seed}/{backbone}/search_{dataset}"


def figure(kind, file, category, shows, needs="", in_report=True, **labels):
    """A declared output: the figure results/{collection}/{file}.svg, in words what it `shows`.

    The report has it in the section `category`, with the caption workflow/report/{kind}.rst, and so has Snakemake's
    own; runs that do not provide what it `needs` (see `thesis.NEEDS`) do without.
    """
    if in_report:
        SHOWN.append((kind, category, [path for _, path in thesis.files_of_run(file, config, needs)]))
    labels = {field: f"{{{field}}}" for field in thesis.fields(file)} | labels | {"figure": shows}
    path = f"results/{{collection}}/{file}.svg"
    return report(path, caption=f"../report/{kind}.rst", category=category, labels=labels)


def stage_figures(kind, category, shows, in_report=STAGES):
    """Declared outputs: a figure of each stage of a backbone, of which the report shows those `in_report`."""
    return [
        figure(kind, stage_figure(kind, stage), category, shows, in_report=stage in in_report, stage=str(stage))
        for stage in STAGES
    ]


def stage_figure(kind, stage="{stage}"):
    return f"figures/{{protocol}}/seed{{seed}}/{{backbone}}/stage{stage}_{kind}"


def thesis_figure(number, category="Images"):
    """A declared output: figure `number` of the thesis."""
    (row,) = [row for row in THESIS if (row["kind"], row["number"]) == ("figure", number)]
    return figure(f"figure_{number.replace('.', '_')}", row["file"], category, row["shows"], row["needs"])


def thesis_number(file):
    """An input function: the thesis' number of `file` (as in thesis_contents.csv) for the backbone; None if it has none."""
    return lambda wildcards: thesis.number(
        THESIS, file, config["backbones"][wildcards.backbone], wildcards.get("stage")
    )


def thesis_numbers(file):
    """An input function: by stage, the thesis' number of `file` for the backbone."""
    return lambda wildcards: {
        stage: thesis.number(THESIS, file, config["backbones"][wildcards.backbone], stage) for stage in STAGES
    }


def table(name, category, shows, caption=None):
    """Declared outputs csv, md and html: the table results/{collection}/tables/{name}."""
    labels = {field: f"{{{field}}}" for field in thesis.fields(name)} | {"table": shows}
    html = report(f"{TABLES}/{name}.html", caption=f"../report/{caption or name}.rst", category=category, labels=labels)
    return [f"{TABLES}/{name}.csv", f"{TABLES}/{name}.md", html]


def report_figures(wildcards):
    """The figures that the report shows."""
    return [f"results/{wildcards.collection}/{path}.svg" for _, _, paths in SHOWN for path in paths]


def figure_categories(wildcards):
    """By kind of figure, the section of the report that shows it."""
    return {kind: category for kind, category, _ in SHOWN}
