"""Contrasts between models tested on the same images, which share all draws."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from lesionflow.evaluation.resampled_metrics import mean_of_numbers, metric_values, smallest_error, swapped_differences
from lesionflow.evaluation.resampling import Images, multiplicities, swaps
from lesionflow.evaluation.verdicts import judge


class PairedStudy:
    """Compares models on the images of `table` (columns seed, image, group and label).

    All probabilities are in the order of its rows. The metrics of a model are computed once.
    """

    def __init__(self, table: pd.DataFrame, classes: Sequence[str], metrics: Sequence[str], draws: int, seed: int):
        self.classes, self.metrics, self.seed = list(classes), metrics, seed
        self.images = Images.of(table, classes)
        self.floors = [smallest_error(metric, self.classes, self.images) for metric in metrics]
        self.multiplicities = multiplicities(self.images, draws, seed)
        self.swaps = swaps(self.images, draws, seed)
        self.values: dict[str, np.ndarray] = {}  # of models, [metrics, seeds, 1 + draws]
        self.counts = {"images": table["image"].nunique(), "groups": len(self.swaps), "seeds": table["seed"].nunique()}

    def contrast(self, a: str, b: str, tables: Mapping[str, pd.DataFrame]) -> Iterator[dict]:
        """One row per metric, of model `a` against model `b`; `tables` have one probability per class."""
        first, second = (tables[model][self.classes].to_numpy() for model in (a, b))
        differences = self._values(a, first) - self._values(b, second)
        swapped = self._swapped(first, second)
        p = mcnemar(*(self.images.label == probabilities.argmax(axis=1) for probabilities in (first, second)))
        for number, metric in enumerate(self.metrics):
            judged = judge(differences[number], swapped[number], self.floors[number], self.seed)
            yield {"metric": metric} | self.counts | judged | {"mcnemar_p": p}

    def _values(self, model: str, probabilities: np.ndarray) -> np.ndarray:
        """Metrics of one model in all bootstrap draws [metrics, seeds, 1 + draws]."""
        if model not in self.values:
            seeds = [
                metric_values(self.metrics, self.classes, images, probabilities[rows], self.multiplicities)
                for rows, images in self.images.seeds()
            ]
            self.values[model] = np.stack(seeds, axis=1)
        return self.values[model]

    def _swapped(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Differences averaged over seeds, in all permutations [metrics, draws]."""
        seeds = [
            swapped_differences(self.metrics, self.classes, images, a[rows], b[rows], self.swaps)
            for rows, images in self.images.seeds()
        ]
        return mean_of_numbers(np.stack(seeds))


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> float:
    """Exact two-sided p of McNemar's test on the images of all seeds. It ignores that images share lesions."""
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
