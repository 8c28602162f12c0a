"""What SLURM is asked, what it knows of jobs, and its installation where it is missing."""

import os
import re
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"]
PROGRAMS = ["slurmctld", "slurmd", "sbatch", "munged"]
ASKED = ("threads", "mem_mb", "runtime", "gpu")


def free_ports(count: int) -> list[str]:
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for port in sockets:
            port.bind(("127.0.0.1", 0))
        return [str(port.getsockname()[1]) for port in sockets]


def install() -> None:
    """Debian's packages where the programs are missing; skip the tests where that cannot be done."""
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons need root")
    if Path("/etc/slurm/slurm.conf").exists():
        pytest.skip("this machine has a SLURM of its own: /etc/slurm/slurm.conf")
    if all(map(shutil.which, PROGRAMS)):
        return
    if not shutil.which("apt-get"):
        pytest.skip(f"install {', '.join(PACKAGES)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", "-qq", *command], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"SLURM's packages cannot be had: {done.stderr.strip()[-300:]}")


def scontrol(*words: str) -> str:
    return subprocess.run(["scontrol", *words], capture_output=True, text=True).stdout


def squeue() -> str:
    command = ["squeue", "--noheader", "--states=pending,running,completing"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def jobs(folder: Path) -> list[dict[str, str]]:
    """What SLURM knows of the jobs that were submitted in `folder`, first to last."""
    lines = scontrol("--oneliner", "--details", "show", "jobs").splitlines()
    found = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines if "JobId=" in line]
    found = [job for job in found if job["WorkDir"] == str(folder)]
    return sorted(found, key=lambda job: int(job["JobId"]))


def minutes(time_limit: str) -> int:
    days, _, clock = time_limit.rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    return int(days or 0) * 1440 + hours * 60 + minutes


def megabytes(memory: str) -> float:
    return float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]


def asked(job: dict[str, str]) -> dict[str, float]:
    """What a job was submitted with."""
    return {
        "threads": int(job["CPUs/Task"]),
        "mem_mb": megabytes(job["MinMemoryNode"]),
        "runtime": minutes(job["TimeLimit"]),
        "gpu": int(re.search(r"gpu:(\d+)$", job.get("TresPerJob", "gpu:0"))[1]),
    }


def declared(log: str) -> dict[str, dict[str, float]]:
    """What each rule in Snakemake's output asks for."""
    rules = {}
    for rule, text in re.findall(r"^ *rule (\w+):\n(.*?)(?=^ *\[|^ *rule |\Z)", log, re.MULTILINE | re.DOTALL):
        resources = dict(re.findall(r"(threads|mem_mb|runtime|gpu)[:=] ?(\d+)", text))
        rules[rule] = {name: int(resources.get(name, name == "threads")) for name in ASKED}
    return rules


def gpus_at_once(ran: list[dict[str, str]], node: str) -> int:
    """The largest number of GPUs that jobs had on a node at the same time."""
    here = [job for job in ran if job["NodeList"] == node and asked(job)["gpu"]]
    return max(
        (
            sum(asked(job)["gpu"] for job in here if job["StartTime"] <= now["StartTime"] < job["EndTime"])
            for now in here
        ),
        default=0,
    )


def processes_of(job: dict[str, str]) -> list[int]:
    """The processes that a job has started on this machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"SLURM_JOB_ID={job['JobId']}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except (OSError, ProcessLookupError):
            continue
    return found
