"""The workflow on a real SLURM, which is set up on this machine for the tests: as root, with Debian's packages.

`make test-slurm` runs it; the demo is compared with the one that `make demo` left in this folder. `make test-image`
runs what needs the image.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from helpers import ENVIRONMENT, REPOSITORY, SNAKEMAKE, output, snakemake
from scheduler import asked, declared, free_ports, gpus_at_once, install, jobs, processes_of, scontrol, squeue

from lesionflow.files import file_digest, read_json

PROFILE = ["--workflow-profile", REPOSITORY / "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2"]
MODEL = Path("results/tiny/corrected/seed1/undersampled/efficientnet_lite0/stage1")
TRAIN_LOG = Path("logs/train/tiny/corrected/seed1/undersampled/efficientnet_lite0/stage1.log")
EPOCHS = 50
# A training of some ten seconds, on one thread wherever it runs, so that it always ends with the same bytes.
LONG = {"protocols": {"corrected": {"patience": EPOCHS, "stages": {"efficientnet_lite0": {1: {"epochs": EPOCHS}}}}}}
ONE_THREAD = ["--set-threads", "train=1"]
IMAGE = REPOSITORY / "lesionflow.sif"


@pytest.fixture(scope="session", autouse=True)
def lab():
    """A running SLURM: node1 and node2 with a GPU each, node3 with none."""
    install()
    folder = tempfile.mkdtemp(prefix="slurm_lab_")
    script = REPOSITORY / "tests/slurm/lab.sh"
    try:
        subprocess.run([script, "up", folder, *free_ports(4)], check=True)
        yield Path(folder)
    finally:
        subprocess.run([script, "down", folder])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def idle(lab):
    """Three nodes at work and no job at all, before each test and after it."""
    yield
    for node in ("node1", "node2", "node3"):
        scontrol("update", f"nodename={node}", "state=resume")
    assert not squeue(), "a job was left behind"


def test_the_demo(tmp_path, lab):
    """The whole demo through SLURM equals the local one, in few jobs that ask for what the rules declare."""
    demo = ["--configfile", REPOSITORY / "config/demo.yaml", "--directory", tmp_path]
    command = [str(word) for word in [*SNAKEMAKE, *PROFILE, *demo]]
    plan = subprocess.run([*command, "--dry-run"], cwd=tmp_path, capture_output=True, text=True)
    # The three nodes are one machine: threads of one job that spin while they wait would keep others from working.
    environment = ENVIRONMENT | {"GOMP_SPINCOUNT": "1000"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, output(done)[-8000:]

    ran = jobs(tmp_path)
    assert {job["JobState"] for job in ran} == {"COMPLETED"} and len(ran) <= 40
    completed = re.findall(r"JobId=(\d+)", (lab / "log/completed.txt").read_text())
    assert {job["JobId"] for job in ran} <= set(completed)
    assert [gpus_at_once(ran, node) for node in ("node1", "node2", "node3")] == [1, 1, 0]
    # A plan ends at the checkpoint that chooses a model; what follows it is in the output of the run alone.
    rules = declared(output(done)) | declared(output(plan))
    single = {job["JobId"]: re.search(r"/rule_(\w+)/", job["StdOut"]) for job in ran}
    assert [rule[1] for rule in single.values() if rule].count("train") == 12
    for job in ran:
        if rule := single[job["JobId"]]:
            assert asked(job) == rules[rule[1]], rule[1]
    # A group: its widest row of steps, and the time of all rows one after the other.
    evaluate = {"threads": 8, "mem_mb": 8000, "runtime": 40, "gpu": 1}
    assert [asked(job) for job in ran if "/group_evaluate_" in job["StdOut"]] == [evaluate] * 4

    there, here = (folder / "results/demo" for folder in (tmp_path, REPOSITORY))
    names = [path.relative_to(here) for path in here.rglob("*") if path.suffix in (".csv", ".safetensors", ".svg")]
    timed = {"table_4_1.csv", "costs.csv"}
    differ = [
        name for name in names if name.name not in timed and (there / name).read_bytes() != (here / name).read_bytes()
    ]
    assert len(names) > 60 and not differ
    ours, theirs = (pd.read_csv(folder / "tables/table_4_1.csv").drop(columns="time_s") for folder in (there, here))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.fixture(scope="session")
def prepared(raw, tmp_path_factory) -> tuple[Path, list[bytes]]:
    """The tiny study ready for a long training, and what the training makes when nothing goes wrong."""
    folder = shutil.copytree(raw, tmp_path_factory.mktemp("prepared"), dirs_exist_ok=True)
    done = snakemake(folder, MODEL / "model.safetensors", *ONE_THREAD, config=LONG)
    assert done.returncode == 0, output(done)[-4000:]
    expected = made(folder)
    shutil.rmtree(folder / MODEL)
    (folder / TRAIN_LOG).unlink()
    return folder, expected


def made(folder: Path) -> list[bytes]:
    return [(folder / MODEL / name).read_bytes() for name in ("model.safetensors", "history.csv")]


class Study:
    """A copy of the prepared study whose training is submitted to SLURM."""

    def __init__(self, folder: Path, prepared: Path):
        self.folder = shutil.copytree(prepared, folder)

    def start(self, *arguments: str) -> "Study":
        command = [*SNAKEMAKE, MODEL / "model.safetensors", *PROFILE, *ONE_THREAD, "--directory", self.folder]
        command += ["--latency-wait", "5", *arguments]
        command += ["--configfile", REPOSITORY / "tests/config/config.yaml", self.folder / "changes.yaml"]
        command = [str(word) for word in command]
        with open(self.folder / "snakemake.log", "a") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=ENVIRONMENT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run with nohup
            )
        return self

    def trains(self, attempt: int = 1) -> dict[str, str]:
        """Wait until the job of an attempt, the last one so far, has trained for an epoch at least; that job."""
        log = self.folder / TRAIN_LOG
        self.wait(lambda: len(jobs(self.folder)) == attempt and self.states()[-1] == "RUNNING")
        began = datetime.fromisoformat(jobs(self.folder)[-1]["StartTime"]).timestamp()
        self.wait(lambda: log.exists() and log.stat().st_mtime >= began and "'epoch': " in log.read_text())
        return jobs(self.folder)[-1]

    def wait(self, what, seconds: float = 180):
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < deadline, (self.folder / "snakemake.log").read_text()[-6000:]
            time.sleep(0.2)
        return found

    def finish(self) -> int:
        return self.process.wait(timeout=240)

    def said(self) -> str:
        return (self.folder / "snakemake.log").read_text()

    def first_epoch(self) -> int:
        """After which epoch the last training began."""
        log = self.folder / TRAIN_LOG
        resumed = re.search(r"resuming after epoch (\d+)", log.read_text() if log.exists() else "")
        return int(resumed[1]) if resumed else 0

    def states(self) -> list[str]:
        return [job["JobState"] for job in jobs(self.folder)]


def until_it_ends(study: Study):
    yield study
    if study.process.poll() is None:
        os.killpg(study.process.pid, signal.SIGKILL)


@pytest.fixture
def study(prepared, tmp_path) -> Study:
    yield from until_it_ends(Study(tmp_path / "study", prepared[0]))


@pytest.fixture
def other(prepared, tmp_path) -> Study:
    yield from until_it_ends(Study(tmp_path / "other", prepared[0]))


def test_a_job_cancelled_then_a_node_set_down(study, prepared):
    """Each attempt asks for more; and `gpu: 0`, as on a cluster without GPUs, asks for none."""
    first = study.start("--set-resources", "train:gpu=0").trains()
    subprocess.run(["scancel", first["JobId"]], check=True)
    second = study.trains(attempt=2)
    assert study.first_epoch() > 0
    scontrol("update", f"nodename={second['NodeList']}", "state=down", "reason=test")
    assert study.finish() == 0, study.said()[-6000:]
    assert study.states() == ["CANCELLED", "NODE_FAIL", "COMPLETED"]
    ran = jobs(study.folder)
    assert ran[2]["NodeList"] != second["NodeList"]
    amounts = [{"threads": 1, "mem_mb": 8000 * n, "runtime": 240 * n, "gpu": 0} for n in (1, 2, 3)]
    assert [asked(job) for job in ran] == amounts
    assert study.first_epoch() > 0 and made(study.folder) == prepared[1]


def trains(pid: int) -> bool:
    """Whether a process is a training; what only waits for one may stay on a node that was lost."""
    try:
        return b".train.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ProcessLookupError):
        return False


def test_a_job_over_its_memory_then_over_its_time_and_ctrl_c_meanwhile(study, other, prepared):
    """400 MB are too few; the second attempt hangs and is given one minute, in which another workflow is stopped."""
    study.start("--set-resources", "train:mem_mb=400*attempt*attempt*attempt")
    second = study.trains(attempt=2)
    for pid in processes_of(second):
        os.kill(pid, signal.SIGSTOP)
    scontrol("update", f"jobid={second['JobId']}", "timelimit=1")

    other.start().trains()
    other.process.send_signal(signal.SIGINT)
    assert other.finish() != 0
    other.wait(lambda: other.states() == ["CANCELLED"], seconds=20)
    assert not (other.folder / MODEL / "model.safetensors").exists()
    assert study.states()[-1] != "CANCELLED"  # of its own jobs only
    assert other.start().finish() == 0, other.said()[-6000:]
    assert other.first_epoch() > 0 and made(other.folder) == prepared[1]

    assert study.finish() == 0, study.said()[-6000:]
    first, *others = study.states()
    assert first in ("FAILED", "OUT_OF_MEMORY") and others == ["TIMEOUT", "COMPLETED"]
    assert [asked(job)["mem_mb"] for job in jobs(study.folder)] == [400, 3200, 10800]
    assert study.first_epoch() > 0 and made(study.folder) == prepared[1]


@pytest.mark.skipif(not (IMAGE.exists() and shutil.which("apptainer")), reason="make test-image runs it")
def test_a_training_in_the_image(study):
    """Its card has the digest of the lock, from a file that only the image has.

    What was made outside of the image is made again in it, for it is other software.
    """
    bind = ["--apptainer-args", f"--bind {REPOSITORY}"]
    study.start("--sdm", "apptainer", *bind, "--config", f"container={IMAGE}")
    assert study.finish() == 0, study.said()[-6000:]
    assert set(study.states()) == {"COMPLETED"}
    card = read_json(study.folder / MODEL / "model.json")
    assert card["container"]["lock_sha256"] == file_digest(REPOSITORY / "envs/requirements.lock")


def test_a_node_that_comes_back(study, prepared, lab):
    """The first attempt stands still with its node, and goes on while the second one runs."""
    first = study.start().trains()
    lost = [int((lab / f"run/{first['NodeList']}.pid").read_text()), *processes_of(first)]
    for pid in lost:
        os.kill(pid, signal.SIGSTOP)
    try:
        study.wait(study.first_epoch)  # the second attempt has taken up what the first one left
        assert jobs(study.folder)[1]["NodeList"] != first["NodeList"]
    finally:
        for pid in lost:
            os.kill(pid, signal.SIGCONT)
    study.finish()
    study.wait(lambda: not any(map(trains, processes_of(first))), seconds=60)
    assert study.states()[0] == "NODE_FAIL"
    assert study.start().finish() == 0, study.said()[-6000:]
    assert made(study.folder) == prepared[1]
    assert read_json(study.folder / MODEL / "model.json")["epochs"] == EPOCHS
