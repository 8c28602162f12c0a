"""From resampled differences to an interval, a p value, a detectable difference and a verdict.

A repetition of a study differs in the tested lesions and in the randomness of training. The draws of groups show the
former. The latter shows only as variance between seeds (`training_variance`). One seed does not reveal it: the numbers
then hold for these two trained models, not for the way they were trained.
"""

import numpy as np
from scipy import stats

TOO_SMALL = "too small to tell"
ALPHA, POWER = 0.05, 0.8
ROUNDING = 1e-9  # equal differences may be summed in different order


def judge(differences: np.ndarray, swapped: np.ndarray, floor: float, seed: int) -> dict[str, float]:
    """difference, low, high, p and detectable of one contrast in one metric.

    `differences` [seeds, 1 + draws] are of bootstrapped groups, in column 0 of the study itself; `swapped` [draws] are
    of groups whose answers were swapped at random. `floor` is the smallest standard error.

    The interval is the 95 % percentile interval of the mean over seeds, with normal noise of the training variance
    and of `floor` added. Seeds are not bootstrapped themselves: a bootstrap of seeds and groups counts the interaction
    of both up to three times (Owen 2007, doi:10.1214/07-AOAS122), while a bootstrap of few seeds varies too little.
    In simulations with 2 to 10 seeds, such intervals covered the truth in 84 to 100 % of studies, the present ones in
    92 to 98 %, except for two independent splits with large training variance (86 %): plan three seeds or more.

    p is two-sided, (b + 1) / (draws + 1) with b permutations at least as far from 0 as the study. With one seed it is
    exact. With several, the permutations include training noise; without it, two lucky trainings would look like a
    better recipe.

    detectable = (z(1 - 0.05 / 2) + z(0.8)) · SE = 2.80 · SE, where SE is the standard deviation of the draws behind
    the interval: the true difference that such a study detects with 80 % power at the two-sided level 0.05. This is
    the level of a single contrast; Holm's method tests the smallest p of m contrasts at 0.05 / m.
    """
    differences = differences[np.isfinite(differences[:, 0])]  # a seed may lack the class of the metric
    observed, draws = differences[:, 0], differences[:, 1:]
    draws = np.where(np.isfinite(draws), draws, observed[:, None])
    difference = observed.mean()
    training = np.sqrt(training_variance(observed, draws))
    # The noise takes the sign of the difference, so that swapping a and b mirrors the interval.
    noise = np.random.default_rng([seed, 3]).standard_normal(draws.shape[1]) * (-1 if difference < 0 else 1)
    means = draws.mean(axis=0) + np.hypot(training, floor) * noise
    low, high = np.percentile(means, [100 * ALPHA / 2, 100 * (1 - ALPHA / 2)])
    nearer = np.abs(swapped + training * noise) < abs(difference) - ROUNDING
    z = stats.norm.ppf([1 - ALPHA / 2, POWER]).sum()
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p": (np.sum(~nearer) + 1) / (len(nearer) + 1),
        "detectable": z * means.std(ddof=1),
    }


def training_variance(observed: np.ndarray, draws: np.ndarray) -> float:
    """Variance of the mean over seeds due to training, from differences [seeds] and their draws [seeds, draws].

    This is the variance between seeds minus the part due to the tested lesions, which the draws give as the variance
    within seeds minus the covariance between them (seeds share lesions). It is multiplied by the squared ratio of
    Student's to the normal quantile, because few seeds estimate a variance poorly. Zero for one seed.
    """
    seeds = len(observed)
    if seeds == 1:
        return 0.0
    covariance = np.cov(draws)
    within = np.trace(covariance) / seeds
    shared = (covariance.sum() / seeds - within) / (seeds - 1)
    ratio = stats.t.ppf(1 - ALPHA / 2, seeds - 1) / stats.norm.ppf(1 - ALPHA / 2)
    return max(0.0, observed.var(ddof=1) - (within - shared)) / seeds * ratio**2


def holm(p: np.ndarray) -> np.ndarray:
    """p values [n] adjusted to control the probability of any false discovery among them (Holm 1979)."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def verdict(low: float, high: float, p: float, margin: float) -> str:
    """Verdict on a against b, from the 95 % interval of the difference, its adjusted p and the margin.

    An interval within ±margin decides, even for a significant difference: it is smaller than what matters. Two
    one-sided tests at 0.05 would use the 90 % interval; the 95 % interval is stricter. "better" and "worse" need
    both p < 0.05 and an interval on one side of 0.
    """
    if -margin <= low and high <= margin:
        return "no difference beyond the margin"
    if p < ALPHA and (low > 0 or high < 0):
        return "better" if low > 0 else "worse"
    return TOO_SMALL
