"""The thesis' figures and tables by number, from `workflow/resources/thesis_contents.csv`, which lists them all.

Its columns: kind (figure or table), number, what it shows, the thesis' backbone and the stage where it is of one, what
a run needs to have it (see NEEDS), and our file without its ending.
"""

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lesionflow.stages import STAGES

ENDINGS = {"figure": [".svg"], "table": [".csv", ".md", ".html"]}
NEEDS = {
    "undersampling": "a dataset without `oversample` in `run: datasets`",
    "smote": "a dataset with `oversample: smote` in `run: datasets`",
    "augmentation": "a protocol with `augmentation` in `run: protocols`",
    "search": "`search: {run: true}`",
    "ladder": "`rungs` in `ladder`",
}


def read_contents(path: str | Path) -> list[dict[str, str]]:
    """Read thesis_contents.csv as one dictionary of texts per row."""
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def thesis_backbone(backbone: Mapping) -> str | None:
    """Return the thesis' backbone that a backbone of the config is or stands for."""
    return backbone.get("published_as") or backbone.get("stands_for")


def number(contents: Sequence[Mapping], file: str, backbone: Mapping, stage: int | None = None) -> str | None:
    """Return the thesis' number of `file` (as in thesis_contents.csv) for a backbone of the config, or None."""
    backbones, stages = ("", thesis_backbone(backbone)), ("", str(stage))
    rows = (row for row in contents if row["file"] == file and row["backbone"] in backbones and row["stage"] in stages)
    return next((row["number"] for row in rows), None)


def run_provides(needs: str, config: Mapping, protocol: str) -> bool:
    """Whether a run of `config` has what a result `needs` under `protocol`."""
    oversample = [config["datasets"][name].get("oversample") for name in config["run"]["datasets"]]
    return {
        "": True,
        "undersampling": None in oversample,
        "smote": "smote" in oversample,
        "augmentation": "augmentation" in config["protocols"][protocol],
        "search": config["search"]["run"],
        "ladder": bool(config["ladder"]["rungs"]),
    }[needs]


def fields(file: str) -> list[str]:
    """Return the wildcards of a file: ["protocol", "seed"] of "figures/{protocol}/seed{seed}/classes"."""
    return [field for _, field, _, _ in string.Formatter().parse(file) if field]


def files_of_run(file: str, config: Mapping, needs: str = "", **only: Sequence) -> list[tuple[dict, str]]:
    """Wildcards and path of `file` for each protocol, seed, backbone, dataset and stage of the run that it names.

    `only` limits some of these; protocols that do not provide what the file `needs` (see NEEDS) are left out.
    """
    run = config["run"]
    values = {
        "protocol": run["protocols"],
        "seed": config["seeds"],
        "backbone": run["backbones"],
        "dataset": run["datasets"][:1] if needs == "search" else run["datasets"],  # searches are made on the first
        "stage": STAGES,
    } | only
    values["protocol"] = [name for name in values["protocol"] if run_provides(needs, config, name)]
    if not values["protocol"]:
        return []
    used = [name for name in values if name in fields(file)]
    chosen = itertools.product(*(values[name] for name in used))
    return [(names, file.format(**names)) for names in (dict(zip(used, each, strict=True)) for each in chosen)]


def results(contents: Sequence[Mapping], config: Mapping) -> list[dict]:
    """Return all numbered files of a run of `config`: name, shows, protocol, seed, backbone, source, file.

    `name` is as "Figure 3.10"; `source` is where the file is made, `file` what it is called by number. What the run
    does not have is there once, without source and file, but with `needs`: what the config lacks.
    """
    found = []
    for entry in contents:
        about = {"name": f"{entry['kind'].capitalize()} {entry['number']}", "shows": entry["shows"]}
        of_entry = [
            about | names | {"source": source + ending, "file": name + ending}
            for names, source, name in _numbered_files(entry, config)
            for ending in ENDINGS[entry["kind"]]
        ]
        backbone = f"a backbone that is `published_as` or `stands_for` {entry['backbone']} in `run: backbones`"
        found += of_entry or [about | {"needs": NEEDS.get(entry["needs"], backbone)}]
    return found


def _numbered_files(entry: Mapping, config: Mapping) -> Iterator[tuple[dict, str, str]]:
    """Protocol, seed and backbone, where those make a difference, the source and the name of each file of an entry."""
    backbones = config["backbones"]
    same = [name for name in config["run"]["backbones"] if entry["backbone"] in ("", thesis_backbone(backbones[name]))]
    only = {"backbone": same, "stage": [entry["stage"]]}
    for names, source in files_of_run(entry["file"], config, entry["needs"], **only):
        shown = {key: names[key] for key in ("protocol", "seed", "backbone") if key in names}
        words = [f"seed{value}" if key == "seed" else value for key, value in shown.items()]
        yield shown, source, "_".join([entry["kind"], *entry["number"].split("."), *words])


def index_markdown(index: pd.DataFrame) -> str:
    """index.csv as Markdown, with links to the files."""
    links = [
        f"[{file}]({file})" if file else f"not made: needs {needs}"
        for file, needs in zip(index["file"], index["needs"], strict=True)
    ]
    table = index.drop(columns="needs").assign(file=links).to_markdown(index=False, disable_numparse=True)
    return f"# The thesis' figures and tables, by number\n\n{table}\n"
