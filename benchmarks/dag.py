"""Planning 1,800 trainings (dag.yaml): seconds and memory of `snakemake --dry-run` beside what they may be.

Usage: python dag.py [ROUNDS]
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from summary import add_row

ROOT = Path(__file__).parent.parent
SECONDS, MEGABYTES = 20, 1000


def plan(folder: str) -> float:
    """Seconds of one dry-run in an empty folder."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "--cores", "8", "--directory", folder]
    command += ["--snakefile", ROOT / "Snakefile", "--configfile", ROOT / "benchmarks/dag.yaml"]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seconds = [plan(folder) for _ in range(rounds)]
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # the largest of all rounds
    print(f"dry-run {seconds} s, {megabytes:.0f} MB", flush=True)
    add_row("planning 1,800 trainings, time", f"{SECONDS} s", [SECONDS / second for second in seconds], 1)
    add_row("planning 1,800 trainings, memory", f"{MEGABYTES} MB", [MEGABYTES / megabytes], 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
