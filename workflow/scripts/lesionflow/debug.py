"""Run the script of one job in this process, so that breakpoints work."""

import argparse
import contextlib
import logging
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from snakemake.api import SnakemakeApi
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.iocontainers import OutputFiles, Snakemake
from snakemake.jobs import Job
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from lesionflow import logs
from lesionflow.source import SCRIPTS


def find_job(output: str, configfiles: Sequence[Path]) -> Job:
    """The job of the workflow that makes the file `output`; raises WorkflowError or RuleException if there is none."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        configured = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=configfiles),
            snakefile=SCRIPTS.parents[1] / "Snakefile",
        )
        workflow = configured.dag(DAGSettings(targets={output})).workflow_api._workflow
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
        for job in workflow.dag.jobs:
            if output in job.output and job.rule.script:
                return job
    raise WorkflowError(f"No script makes {output}: give a result that one makes, as in docs/results.md.")


def run(job: Job) -> None:
    """Run the script of `job`; its outputs go to debug/, each under its own path, so that results stay as they are."""
    outputs = OutputFiles(toclone=job.output, custom_map=lambda path: f"debug/{path}")
    place = (job.threads, job.resources, job.log, job.rule.workflow.config, job.rule.name, None)
    snakemake = Snakemake(job.input, outputs, job.params, job.wildcards, *place)
    # Output goes to the terminal, exceptions to the debugger.
    with patch.object(logs, "job", lambda log: contextlib.nullcontext()):
        runpy.run_path(str(SCRIPTS / Path(job.rule.script).name), {"snakemake": snakemake}, "__main__")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lesionflow.debug", description=__doc__)
    parser.add_argument("output", help="a result that a script makes, such as results/demo/labels.csv")
    parser.add_argument("--configfile", nargs="*", type=Path, default=[], help="as for snakemake")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        found = find_job(given.output, given.configfile)
    except (RuleException, WorkflowError) as error:
        sys.exit(f"Error: {error}")
    run(found)
