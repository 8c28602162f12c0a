"""A script in a debugger."""

import shutil
import subprocess
import sys

import pytest
from helpers import ENVIRONMENT, REPOSITORY

CONFIG = REPOSITORY / "tests/config/config.yaml"
SCRIPTS = REPOSITORY / "workflow/scripts"
COUNTS = "results/tiny/corrected/seed1/class_counts.csv"


def debug(folder, *words, module="lesionflow.debug", typed=None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", *module.split(), *words, "--configfile", CONFIG]
    environment = ENVIRONMENT | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.run(command, cwd=folder, env=environment, input=typed, capture_output=True, text=True)


def test_a_breakpoint_in_a_script_stops_and_results_stay_as_they_are(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("*.safetensors", "*.onnx"))
    made = (folder / COUNTS).read_bytes()
    (folder / COUNTS).write_text("kept")
    script = SCRIPTS / "count_classes.py"
    line = script.read_text().splitlines().index("    with job(snakemake.log[0]):") + 1
    typed = f"break {script}:{line}\ncontinue\np inputs.manifest, wildcards.seed\ncontinue\nquit\n"
    done = debug(folder, COUNTS, module="pdb -m lesionflow.debug", typed=typed)
    assert "('results/tiny/manifest.csv', '1')" in done.stdout, done.stdout + done.stderr
    assert (folder / "debug" / COUNTS).read_bytes() == made
    assert (folder / COUNTS).read_text() == "kept"


@pytest.mark.workflow
def test_a_result_that_nothing_makes_is_one_sentence(raw, tmp_path):
    done = debug(shutil.copytree(raw, tmp_path / "raw"), "results/nothing.csv")
    assert done.returncode == 1 and "Error: No rule to produce results/nothing.csv" in done.stderr
    assert "Traceback" not in done.stderr
