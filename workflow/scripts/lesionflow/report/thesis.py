"""The thesis' figures and tables by number, from `workflow/resources/thesis.csv`, which lists them all.

Its columns: kind (figure or table), number, what it shows, the thesis' backbone and the stage where it is of one, what
a run needs to have it (see NEEDS), and our file without its ending.
"""

import itertools
import string
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

ENDINGS = {"figure": [".svg"], "table": [".csv", ".md", ".html"]}
NEEDS = {
    "undersampling": "a dataset without `oversample` in `run: datasets`",
    "smote": "a dataset with `oversample: smote` in `run: datasets`",
    "augmentation": "a protocol with `augmentation` in `run: protocols`",
    "search": "`search: {run: true}`",
}


def read_contents(path: str | Path) -> pd.DataFrame:
    """thesis.csv, every cell as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def place(backbone: Mapping) -> str | None:
    """The thesis' backbone that a backbone of the config is, or stands for."""
    return backbone.get("published_as") or backbone.get("stands_for")


def number(contents: pd.DataFrame, file: str, backbone: Mapping, stage: int | None = None) -> str | None:
    """The thesis' number of `file` (as in thesis.csv) for a backbone of the config; None where it has none."""
    rows = contents[(contents["file"] == file) & contents["backbone"].isin(["", place(backbone)])]
    rows = rows[rows["stage"].isin(["", str(stage)])]
    return None if rows.empty else rows["number"].iloc[0]


def has(needs: str, config: Mapping, protocol: str) -> bool:
    """Whether a run of `config` has what a result `needs` under `protocol`."""
    oversample = [config["datasets"][name].get("oversample") for name in config["run"]["datasets"]]
    return {
        "": True,
        "undersampling": None in oversample,
        "smote": "smote" in oversample,
        "augmentation": "augmentation" in config["protocols"][protocol],
        "search": config["search"]["run"],
    }[needs]


def results(contents: pd.DataFrame, config: Mapping) -> list[dict]:
    """Every file of a run of `config` that has a number: name, shows, protocol, seed, backbone, source, file.

    `name` is as "Figure 3.10"; `source` is where the file is made, `file` what it is called by number. What the run
    does not have is there once, without source and file, but with `needs`: what the config lacks.
    """
    found = []
    for entry in contents.to_dict("records"):
        about = {"name": f"{entry['kind'].capitalize()} {entry['number']}", "shows": entry["shows"]}
        of_entry = [
            about | names | {"source": source + ending, "file": name + ending}
            for names, source, name in _files(entry, config)
            for ending in ENDINGS[entry["kind"]]
        ]
        backbone = f"a backbone that is `published_as` or `stands_for` {entry['backbone']} in `run: backbones`"
        found += of_entry or [about | {"needs": NEEDS.get(entry["needs"], backbone)}]
    return found


def _files(entry: Mapping, config: Mapping) -> list[tuple[dict, str, str]]:
    """Protocol, seed and backbone, where those make a difference, the source and the name of each file of an entry."""
    run = config["run"]
    values = {
        "protocol": [name for name in run["protocols"] if has(entry["needs"], config, name)],
        "seed": config["seeds"],
        "backbone": [name for name in run["backbones"] if entry["backbone"] in ("", place(config["backbones"][name]))],
        "dataset": run["datasets"][:1],  # searches are made on it
        "stage": [entry["stage"]],
    }
    fields = {field for _, field, _, _ in string.Formatter().parse(entry["file"]) if field}
    used = [name for name in values if name in fields]
    found = []
    for chosen in itertools.product(*(values[name] for name in used)):
        names = dict(zip(used, chosen, strict=True))
        shown = {key: names[key] for key in ("protocol", "seed", "backbone") if key in names}
        words = [f"seed{value}" if key == "seed" else value for key, value in shown.items()]
        name = "_".join([entry["kind"], *entry["number"].split("."), *words])
        found.append((shown, entry["file"].format(**names), name))
    return found


def index_markdown(index: pd.DataFrame) -> str:
    """index.csv as Markdown, with links to the files."""
    links = [
        f"[{file}]({file})" if file else f"not made: needs {needs}"
        for file, needs in zip(index["file"], index["needs"], strict=True)
    ]
    table = index.drop(columns="needs").assign(file=links).to_markdown(index=False, disable_numparse=True)
    return f"# The thesis' figures and tables, by number\n\n{table}\n"
