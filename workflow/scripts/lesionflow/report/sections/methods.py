"""How models were trained: costs, software, settings, licence."""

from collections.abc import Mapping, Sequence

import pandas as pd
import yaml

from lesionflow.environment import describe
from lesionflow.report.captions_and_labels import labels_of
from lesionflow.report.sections.blocks import code, paragraph, section, tabular
from lesionflow.report.tables.costs import cost_table, training_name
from lesionflow.report.tables.table import Table


def costs_section(costs: pd.DataFrame, caption: str, records: Sequence[Mapping]) -> dict | None:
    """Time and memory; `costs` is costs.csv, `records` are model.json files."""
    labels = {training_name(record): labels_of(record) for record in records}
    hours = sum(record["time_s"] for record in records) / 3600
    devices = "; ".join(sorted({record["device"] for record in records}))
    return section(
        "costs",
        "Costs",
        paragraph(f"Trained on {devices}, {hours:.2f} hours in total."),
        tabular(cost_table(costs, labels), caption),
    )


def software_section(records: Sequence[Mapping]) -> dict | None:
    """Containers and versions of packages."""
    containers = "; ".join(sorted({describe(record["container"]) for record in records}))
    table = pd.DataFrame(versions(records).items(), columns=["package", "version"])
    return section(
        "software",
        "Software",
        paragraph(f"Container image used for training: {containers}."),
        tabular(
            Table("versions", "Software versions", table, table, list(table)), "Package versions used for training."
        ),
    )


def versions(records: Sequence[Mapping]) -> dict[str, str]:
    """Version of each package by name; all of them if models were trained with different versions."""
    found: dict[str, set[str]] = {}
    for record in records:
        for name, version in record["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(different)) for name, different in found.items()}


def settings_section(settings: Mapping) -> dict | None:
    """The settings of the run, as YAML."""
    return section("settings", "Settings", code(yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)))


def licence_section(licence: str) -> dict | None:
    """The licence of the images."""
    return section("licence", "Licence of the images", paragraph(licence))
