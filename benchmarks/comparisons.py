"""Time and memory of 36 contrasts in 4 metrics with 2,000 draws, for as many images and lesions as ISIC 2019 has.

Usage: PYTHONPATH=workflow/scripts python comparisons.py [SEEDS]; the models' probabilities are random.
"""

import itertools
import platform
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from lesionflow.evaluation.comparisons import compare

IMAGES = {"MEL": 4522, "NV": 12875, "BCC": 3323, "AK": 867, "BKL": 2624, "DF": 239, "VASC": 253, "SCC": 628}
LESIONS = {"MEL": 1676, "NV": 8644, "BCC": 1310, "AK": 324, "BKL": 1467, "DF": 113, "VASC": 135, "SCC": 262}
CLASSES, MODELS, CONTRASTS, DRAWS = list(IMAGES), 24, 36, 2000
EXPLORATORY = ["f1_macro", "auroc_macro", "sensitivity_MEL"]


def draw_models(seeds: int) -> dict[str, pd.DataFrame]:
    """Predictions of each model; every image is tested once per seed, as in cross-fitting."""
    random = np.random.default_rng(0)
    label = np.repeat(CLASSES, list(IMAGES.values()))
    lesion = np.concatenate([random.integers(LESIONS[name], size=IMAGES[name]) for name in CLASSES])
    group = pd.Series(label) + pd.Series(lesion).astype(str)
    images = pd.DataFrame({"image": [f"ISIC_{n:07d}" for n in range(len(label))], "group": group, "label": label})
    keys = pd.concat([images.assign(seed=seed) for seed in range(1, seeds + 1)], ignore_index=True)
    truth = keys["label"].to_numpy()[:, None] == np.array(CLASSES)
    models = {}
    for number in range(MODELS):
        scores = np.exp(random.standard_normal(truth.shape) + 1.5 * truth).round(5)
        models[f"model {number}"] = keys.assign(**dict(zip(CLASSES, scores.T, strict=True)))
    return models


def processor() -> str:
    """Its name, by lscpu where there is one, and the number of its cores."""
    try:
        lines = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout.splitlines()
        return ", ".join(" ".join(line.split()) for line in lines if line.startswith(("Model name", "CPU(s)")))
    except (OSError, subprocess.CalledProcessError):
        return platform.processor()


def peak_gb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(seeds: int = 1) -> None:
    models = draw_models(seeds)
    pairs = itertools.islice(itertools.combinations(models, 2), 0, None, 7)  # of all models, each in some
    contrasts = [(f"{a} against {b}", a, b) for a, b in itertools.islice(pairs, CONTRASTS)]
    before, start, cpu = peak_gb(), time.perf_counter(), time.process_time()
    table = compare(contrasts, models, CLASSES, "balanced_accuracy", 0.02, DRAWS, 1, EXPLORATORY)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    compared = len({name for contrast in contrasts for name in contrast[1:]})
    print(
        f"{len(table)} rows ({len(contrasts)} contrasts of {compared} models, {DRAWS} draws) on "
        f"{sum(IMAGES.values())} images and {seeds} seeds: {seconds:.1f} s ({cpu:.1f} s of processor time), "
        f"peak {peak_gb():.2f} GB ({before:.2f} GB before); {processor()}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
