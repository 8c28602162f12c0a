"""The demo collection: synthetic dermoscopic images of invented lesions, in the layout of ISIC 2019.

Each lesion is drawn once; its one to five images are rotated, mirrored, zoomed and relit views. A split by image
therefore puts views of training lesions into the test set.
"""

import csv
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.random import Generator

from lesionflow.data.demo_drawing import LOOKS, draw_foreign, draw_lesion, draw_view
from lesionflow.files import atomic_write
from lesionflow.logs import progress

VIEWS = (1, 1, 1, 2, 2, 3, 3, 4, 5)  # images per lesion; each is drawn once per nine lesions of a class
# Fraction of lesions, image sizes, strength of vignetting. As in ISIC, MSK has few classes.
ARCHIVES = {
    "HAM": (0.55, ((300, 225),), 0.2),
    "BCN": (0.30, ((256, 256),), 1.2),
    "MSK4": (0.15, ((320, 240), (320, 213)), 0.5),
}
MSK_CLASSES = ("MEL", "NV", "BKL")
SITES = {
    "anterior torso": 0.27, "lower extremity": 0.20, "head/neck": 0.18, "upper extremity": 0.12, "": 0.08,
    "posterior torso": 0.11, "palms/soles": 0.02, "oral/genital": 0.01, "lateral torso": 0.01,
}  # fmt: skip
LABELS = ("image", "MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
# What is planned of an image that shows no lesion
FOREIGN = {"label": "UNK", "archive": "HAM", "views": 1, "age_approx": "", "anatom_site_general": "", "lesion_id": "",
           "sex": ""}  # fmt: skip
METADATA = ("image", "age_approx", "anatom_site_general", "lesion_id", "sex")


def images_per_class(count: int) -> dict[str, int]:
    """Return the number of images per class: proportional, at least one; NV absorbs rounding."""
    counts = {label: max(1, round(count * look.share / 600)) for label, look in LOOKS.items()}
    return counts | {"NV": counts["NV"] + count - sum(counts.values())}


def plan_lesions(random: Generator, count: int) -> Iterator[dict]:
    """Yield the lesions of `count` images: label, archive, number of views and metadata."""
    numbers = iter(random.permutation(10000))
    for label, left in images_per_class(count).items():
        names = [name for name in ARCHIVES if name != "MSK4" or label in MSK_CLASSES]
        shares = np.array([ARCHIVES[name][0] for name in names])
        sizes: list[int] = []
        while left:
            sizes = sizes or list(random.permutation(VIEWS))
            views = min(left, int(sizes.pop()))
            left -= views
            archive = str(random.choice(names, p=shares / shares.sum()))
            age = np.clip(5 * round(random.normal(LOOKS[label].age, 14) / 5), 5, 85)
            yield {
                "label": label,
                "archive": archive,
                "views": views,
                "age_approx": f"{age}.0" if random.random() < 0.97 else "",
                "anatom_site_general": str(random.choice(list(SITES), p=list(SITES.values()))),
                "lesion_id": "" if archive == "MSK4" and views == 1 else f"{archive}_{next(numbers):07d}",
                "sex": str(random.choice(["female", "male", ""], p=[0.47, 0.51, 0.02])),
            }


def draw_views(lesion: Mapping, random: Generator) -> list[tuple[str, bytes]]:
    """Return the images of one lesion: name suffix and JPEG bytes of each."""
    _, sizes, corners = ARCHIVES[lesion["archive"]]
    canvas = draw_foreign(random) if lesion["label"] == "UNK" else draw_lesion(random, lesion["label"])
    size = sizes[random.integers(len(sizes))]
    views = []
    for _ in range(lesion["views"]):
        shrunk = lesion["archive"] == "MSK4" and random.random() < 0.5
        views.append(("_downsampled" * shrunk, draw_view(random, canvas, size, corners)))
    return views


def draw_collection(
    images: Path,
    labels: Path,
    metadata: Path,
    count: int = 600,
    seed: int = 1,
    processes: int = 1,
    unknown: int = 0,
) -> None:
    """Draw `count` images of the eight classes of ISIC 2019, deterministically for a given `seed`.

    Then `unknown` images of the class UNK, as in its test set, which show no lesion.

    Writes a .zip of JPEGs (`images`) and CSVs with the names and columns of ISIC's GroundTruth.csv (`labels`) and
    Metadata.csv (`metadata`).
    """
    random = np.random.default_rng(seed)
    lesions = [*plan_lesions(random, count), *[FOREIGN] * unknown]
    numbers = iter(
        random.choice(np.arange(1, 75000), count + unknown, replace=False)
    )  # names must not reveal the lesion
    files, rows = {}, {}
    with ProcessPoolExecutor(processes) as pool:
        drawn = pool.map(draw_views, lesions, random.spawn(len(lesions)), chunksize=8)
        for lesion, views in zip(lesions, progress(drawn, total=len(lesions), unit="lesion"), strict=True):
            for ending, data in views:
                name = f"ISIC_{next(numbers):07d}{ending}"
                files[name] = data
                rows[name] = lesion | {"image": name} | {c: float(c == lesion["label"]) for c in LABELS[1:]}
    with atomic_write(images) as path, zipfile.ZipFile(path, "w") as archive:  # JPEGs are not compressible
        for name, data in sorted(files.items()):
            # The default date of ZipInfo is fixed: equal images give equal files.
            archive.writestr(zipfile.ZipInfo(f"{Path(images).stem}/{name}.jpg"), data)
    for table, columns in ((labels, LABELS), (metadata, METADATA)):
        with atomic_write(table) as path, path.open("w", newline="") as stream:
            lines = ([row[column] for column in columns] for _, row in sorted(rows.items()))
            csv.writer(stream, lineterminator="\n").writerows([columns, *lines])
