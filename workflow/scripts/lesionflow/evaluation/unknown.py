"""The unknown class: how unlike the known classes an image is, and from which threshold on it is called unknown.

No function here sees an image of an unknown class before its threshold is fixed.
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from lesionflow.evaluation.outputs import Outputs

NEIGHBOURS = 10  # the distance is that to the tenth nearest training image


Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # features, logits → scores [n]


def max_softmax(_: Outputs) -> Score:
    """1 − the highest probability (D. Hendrycks and K. Gimpel, ICLR 2017)."""
    return lambda features, logits: 1 - softmax(logits.astype(float), axis=1).max(axis=1)


def energy(_: Outputs) -> Score:
    """The free energy, − log Σ exp(logit) (W. Liu et al., NeurIPS 2020)."""
    return lambda features, logits: -logsumexp(logits.astype(float), axis=1)


def mahalanobis(training: Outputs) -> Score:
    """The Mahalanobis distance to the nearest class mean (K. Lee et al., NeurIPS 2018).

    With the covariance that all classes share, which is shrunk: there may be fewer images than features.
    """
    numbers, place = np.unique(training.label, return_inverse=True)
    means = np.stack([training.features[training.label == number].mean(axis=0) for number in numbers])
    fitted = LedoitWolf(assume_centered=True).fit(training.features - means[place])
    whitening = np.linalg.cholesky(fitted.precision_)  # afterwards the distance is Euclid's
    return lambda features, logits: cdist(features @ whitening, means @ whitening).min(axis=1)


def nearest_neighbours(training: Outputs) -> Score:
    """The distance to the tenth nearest training image, of features of length 1 (Y. Sun et al., ICML 2022)."""
    fitted = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(training.features))).fit(_unit(training.features))
    return lambda features, logits: fitted.kneighbors(_unit(features))[0][:, -1]


# Each is fitted to the training images of the model; its scores are higher for images unlike them.
SCORES: dict[str, Callable[[Outputs], Score]] = {
    "max_softmax": max_softmax,
    "energy": energy,
    "mahalanobis": mahalanobis,
    "nearest_neighbours": nearest_neighbours,
}


def threshold_at_loss(scores: np.ndarray, loss: float) -> float:
    """Return the lowest of `scores` above which at most the fraction `loss` of them lies."""
    return float(np.sort(scores)[len(scores) - 1 - int(loss * len(scores))])


def threshold_by_leaving_out(score: Callable[[Outputs], Score], training: Outputs, valid: Outputs) -> float:
    """Return the threshold that best separates classes that were left out, one after the other, from the others.

    The score is fitted to the training images of the other classes, without the logit of the class. Then the validation
    images of the class stand for unknown ones. The threshold has the highest mean, over classes, of the fractions of
    them above it and of the others not above it; the highest such threshold. The network itself saw every class.
    """
    unknown, known = [], []
    for number in np.unique(valid.label):
        scores = score(training.without(number))(valid.features, np.delete(valid.logits, number, axis=1))
        unknown.append(np.sort(scores[valid.label == number]))
        known.append(np.sort(scores[valid.label != number]))
    candidates = np.unique(np.concatenate(known + unknown))[::-1]
    kept = [np.searchsorted(each, candidates, side="right") / len(each) for each in known]
    missed = [np.searchsorted(each, candidates, side="right") / len(each) for each in unknown]
    return float(candidates[np.argmax(np.mean(kept, axis=0) - np.mean(missed, axis=0))])


def find_threshold(name: str, how: str, loss: float, training: Outputs, valid: Outputs) -> float:
    """Return the threshold of the score `name`, by `how`: "validation", at the `loss`, or "leave_one_out"."""
    if how == "leave_one_out":
        return threshold_by_leaving_out(SCORES[name], training, valid)
    return threshold_at_loss(SCORES[name](training)(valid.features, valid.logits), loss)


def confidences(logits: np.ndarray, scores: np.ndarray, threshold: float, spread: float) -> np.ndarray:
    """Return the confidences [n, classes + 1] of known classes and, last, the unknown one; each row sums to 1.

    An image with a score above the threshold has a confidence above 0.5 for the unknown class, any other one below
    that of its most probable class. It rises with the score; `spread` is the unit of scores.
    """
    away = (scores - threshold) / spread
    unknown = 0.5 + 0.5 * away / (1 + np.abs(away))
    # The highest of k probabilities is at least 1 / k, and beside this confidence still at least 1 / (k + 1).
    low, high = unknown * 2 / (logits.shape[1] + 2), np.maximum(unknown, np.nextafter(0.5, 1))
    unknown = np.where(scores > threshold, high, low)
    return np.column_stack([softmax(logits.astype(float), axis=1) * (1 - unknown)[:, None], unknown])


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
