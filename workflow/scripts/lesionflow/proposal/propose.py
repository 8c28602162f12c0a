"""`snakemake propose`: from images and tables to a config."""

import os
import re
import shlex
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

from lesionflow.config.checks import RESERVED
from lesionflow.config.paths import BY_FOLDER
from lesionflow.data.images import RawImages
from lesionflow.files import InputError
from lesionflow.proposal.collection import find_collection
from lesionflow.proposal.plan import Plan, plan, processor, sample_sizes, training_rate
from lesionflow.proposal.text import config_text


def propose(
    images: str | None,
    labels: str | None,
    metadata: str | None,
    collections: Collection[str],
    protocol: Mapping,
    backbone: str,
    architecture: str,
    command: str,
) -> str:
    """Return the text of a config for a folder or .zip of `images`, with their tables if there are any.

    `collections` are names that are in use, `protocol` is the one to train `backbone` (of timm) with, `command` starts
    the run. Raises InputError as `find_collection`, `plan` and `sample_sizes` do, and if there are no `images`.
    """
    if images is None:
        raise InputError("`snakemake propose` needs images: give `--config images=FOLDER_OR_ZIP labels=TABLE`.")
    raw = RawImages(images)
    found = find_collection(raw, None if labels == BY_FOLDER else labels, metadata)
    planned, sizes = plan(found.described, protocol["split"]["test"], protocol["split"]["valid"]), sample_sizes(raw)
    stages, size = protocol["stages"][backbone], sizes.proposed()
    cost = cost_sentence(planned, len(raw.files), size, stages, backbone, architecture)
    name = collection_name(raw.path, collections)
    return config_text(name, found, planned, sizes, len(raw.files), backbone=backbone, cost=cost, command=command)


def check_absent(path: str | Path) -> None:
    """Raise InputError if there is a file at `path`."""
    if os.path.lexists(path):
        raise InputError(f"{path} exists and is not overwritten: rename or delete it.")


def collection_name(images: Path, taken: Collection[str]) -> str:
    """Return a valid name like that of the images, and unlike those `taken`."""
    stem = images.stem if images.suffix.lower() == ".zip" else images.resolve().name
    words = re.findall("[A-Za-z0-9]+", unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode())
    name = "_".join(words)[:50].rstrip("_")
    if not name[:1].isalpha() or name.casefold() in {*taken, *RESERVED["collections"]}:
        name = f"my_{name}".rstrip("_")
    return name


def run_command(snakefile: str) -> str:
    """Return the command that runs what was proposed, from the working directory."""
    known = any(Path(path).exists() for path in ("Snakefile", "workflow/Snakefile"))
    where = "" if known else f" --snakefile {shlex.quote(snakefile)}"
    return f"snakemake{where} --configfile proposed.yaml --cores {os.cpu_count()}"


def cost_sentence(planned: Plan, files: int, size: int, stages: Mapping, backbone: str, architecture: str) -> str:
    """Return disk and time to expect; measures how fast the processor trains."""
    rate = training_rate(architecture, size)
    epochs = sum(stage["epochs"] for stage in stages.values())
    trained = epochs * len(planned.parts) * sum(settings["limit"] for settings in planned.datasets().values())
    return (
        f"Disk: {files * size**2 * 3 / 1e6:.0f} MB of packed images. Time: very roughly {trained / rate / 3600:.1f} "
        f"hours at most, without packing and validation, if all {epochs} epochs train as fast as just measured: "
        f"{rate:.0f} images per second in all layers of {backbone} at {size} pixels on {processor()}, perhaps while "
        "other programs ran. On a GPU: unknown."
    )
