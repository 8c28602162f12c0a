# The config, completed and checked, before anything reads it; what wildcards may be.
import gc
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import ExecMode

WORKFLOW = Path(str(workflow.current_basedir), "../..").resolve()
sys.path.insert(0, str(WORKFLOW / "scripts"))
from lesionflow.config import locks
from lesionflow.config.paths import check_command_line, check_paths, typed_images
from lesionflow.config.settings import complete
from lesionflow.files import InputError
from lesionflow.stages import STAGES
from lesionflow.urls import is_public, take_urls

# OpenMP's threads wait for each other busily, and beside another busy process take its time and lose their own.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# A plan of thousands of jobs is millions of objects that all stay; looking through them for garbage takes seconds.
gc.set_threshold(200_000, 50, 50)

try:
    check_command_line(workflow.config_settings.config_args)
    if "images" in config:
        config["images"] = typed_images(config, workflow.config_settings.config_args)
    config.update(complete(config, WORKFLOW / "schemas/config.schema.yaml"))
    check_paths(config)
    # With user, password and query; the rest of the config has none from here on.
    config["private_urls"] = take_urls(config)
except InputError as error:
    raise WorkflowError(f"Config: {error}") from None

if workflow.exec_mode == ExecMode.DEFAULT and "--unlock" not in sys.argv:  # and not in a job of a run
    try:
        said = locks.enter(Path(".snakemake"), dry=workflow.output_settings.dryrun)
    except InputError as error:
        raise WorkflowError(str(error)) from None
    if said:
        logger.warning(said)

# Snakemake's own report and archive show the text of these files; jobs read them from the command line.
workflow.configfiles[:] = [file for file in workflow.configfiles if is_public(Path(file))]


def names_of(section):
    return "|".join(map(re.escape, config[section]))


wildcard_constraints:
    collection=names_of("collections"),
    other=names_of("collections"),
    protocol=names_of("protocols"),
    seed=r"\d+",
    dataset=names_of("datasets"),
    backbone=names_of("backbones"),
    stage="|".join(map(str, STAGES)),
    size=r"\d+",
    resize="|nearest",
    shard=r"\d{3}",
