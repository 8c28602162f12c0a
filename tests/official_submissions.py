"""Random submissions to the ISIC 2019 challenge, and how the challenge's own software scores them.

Where that software is installed (`make .venv/scoring/installed`), this makes the expected values of the tests:

    .venv/scoring/bin/python -W ignore tests/official_submissions.py > tests/official_scores.csv

With the argument `all` it prints every score as JSON instead.
"""

import io
import json
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

CLASSES = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]
COUNT = 200


def submissions(count: int = COUNT) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs of ground truth and submission as in the challenge's files: ties, weights of 0, rows in another order."""
    for seed in range(count):
        random = np.random.default_rng(seed)
        label = np.concatenate([np.arange(9), random.integers(0, 9, random.integers(20, 120))])
        names = random.choice(np.arange(34000, 35000), len(label), replace=False)
        if seed % 2:
            names[-1] = 35068  # the software does not count this image, which the official test has
        truth = pd.DataFrame(np.eye(9)[label], columns=CLASSES)
        truth.insert(0, "image", [f"ISIC_{name:07d}" for name in names])
        confidence = random.random((len(label), 9)) + 0.4 * random.random() * truth[CLASSES].to_numpy()
        confidence = (confidence / confidence.max(initial=1)).round(int(random.choice([1, 2, 15])))
        prediction = truth.copy()
        prediction[CLASSES] = confidence
        if seed % 3 == 0:
            # Of the first nine images, one of each class, none is left out.
            free = random.choice([0.0, 0.25, 1.0, 3.5], len(label) - 9)
            truth["score_weight"] = np.concatenate([np.ones(9), free])
        # As the official one: version 5.6.0 gives weights to the wrong images of a ground truth in another order.
        truth = truth.sort_values("image")
        yield truth, prediction.iloc[random.permutation(len(label))]


def scores() -> Iterator[dict]:
    """What the software says of each, without its curves."""
    from isic_challenge_scoring.classification import ClassificationMetric, ClassificationScore

    for pair in submissions():
        files = (io.StringIO(table.to_csv(index=False)) for table in pair)
        yield ClassificationScore.from_stream(*files, ClassificationMetric.BALANCED_ACCURACY).to_dict(rocs=False)


if __name__ == "__main__":
    found = list(scores())
    if sys.argv[1:] == ["all"]:
        print(json.dumps(found))
    else:
        table = pd.DataFrame([{**score["aggregate"], **score["macro_average"]} for score in found])
        print(table.to_csv(index=False), end="")
