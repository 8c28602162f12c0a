"""The profiles: what a step has of memory and time where its rule asks for nothing."""

import subprocess

import pytest
import yaml
from helpers import REPOSITORY, SNAKEMAKE, output

FAILS_TWICE = """
rule fails_twice:
    output:
        "done.txt",
    retries: 2
    shell:
        "echo {resources.mem_mb} {resources.runtime} >> asked.txt; [ $(wc -l < asked.txt) = 3 ] && touch {output}"
"""


@pytest.mark.parametrize("name", ["default", "slurm"])
def test_each_retry_has_as_much_again(tmp_path, name):
    asked = yaml.safe_load((REPOSITORY / "profiles" / name / "profile.yaml").read_text())["default-resources"]
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump({"default-resources": asked}))
    (tmp_path / "Snakefile").write_text(FAILS_TWICE)
    command = [*SNAKEMAKE[:-2], "--cores", "1", "--workflow-profile", "profile.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, output(done)
    assert (tmp_path / "asked.txt").read_text().split("\n")[:3] == ["1000 10", "2000 20", "3000 30"]
