"""From resampled differences to an interval, a p value, the detectable difference and a verdict.

Two things differ between a study and its repetition: which lesions are tested, and how training happened to go. Draws
of groups show the first. The second shows between seeds only, as `training_variance`. With one seed it is unknown:
then every number speaks of these two trained models, not of the way they were trained.
"""

import numpy as np
from scipy import stats

ALPHA, POWER = 0.05, 0.8
ROUNDING = 1e-9  # two equal differences may be summed in another order


def judge(differences: np.ndarray, swapped: np.ndarray, floor: float, seed: int) -> dict[str, float]:
    """difference, low, high, p and detectable of one contrast in one metric.

    `differences` [seeds, 1 + draws] of groups drawn with replacement and `swapped` [1 + draws] of groups whose answers
    are swapped at random; number 0 of both is the study as it is. `floor` is the least standard error.

    The interval is the 95 % percentile interval of the mean over seeds, plus normal noise of the training variance.
    Seeds are not drawn with replacement themselves: drawing both counts what is peculiar to a lesion in one seed up
    to three times (Owen 2007, doi:10.1214/07-AOAS122), and few seeds drawn so vary too little. In simulated studies
    of 2 to 10 seeds, 95 % intervals of such draws held the truth in 84 to 100 %, those made here in 92 to 98 %, but
    in 86 % where there are two independent splits and training varies a lot: plan at least three seeds.

    p is two-sided, (b + 1) / (draws + 1), for b permutations at least as far from 0 as the study. It is exact with one
    seed. With several, permutations get the noise of training too, without which two lucky trainings look like a
    better recipe.

    detectable = (z(1 - 0.05 / 2) + z(0.8)) · SE = 2.80 · SE, SE being the standard deviation of the draws of the
    interval: the true difference that this study finds with 80 % power at the two-sided level 0.05 of one contrast.
    Holm's method asks more where a family has several contrasts; the first of m is tested at 0.05 / m.
    """
    differences = differences[np.isfinite(differences[:, 0])]  # a seed may lack the class of a sensitivity
    observed, draws = differences[:, 0], differences[:, 1:]
    draws = np.where(np.isfinite(draws), draws, observed[:, None])  # and so may a draw
    difference = observed.mean()
    training = np.sqrt(training_variance(observed, draws))
    # Swapping a and b must mirror the interval: noise goes with the difference.
    noise = np.random.default_rng([seed, 3]).standard_normal(draws.shape[1]) * (-1 if difference < 0 else 1)
    means = draws.mean(axis=0) + np.hypot(training, floor) * noise
    low, high = np.percentile(means, [100 * ALPHA / 2, 100 * (1 - ALPHA / 2)])
    nearer = np.abs(swapped[1:] + training * noise) < abs(difference) - ROUNDING
    z = stats.norm.ppf([1 - ALPHA / 2, POWER]).sum()
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p": (np.sum(~nearer) + 1) / (len(nearer) + 1),
        "detectable": z * means.std(ddof=1),
    }


def training_variance(observed: np.ndarray, draws: np.ndarray) -> float:
    """Variance that training adds to the mean over seeds, from the differences [seeds] and their draws [seeds, draws].

    It is what the variance between seeds has beyond that of the lesions they test, which the draws tell: their
    variance within a seed less their covariance between seeds, because seeds share lesions. Widened by Student's t
    with seeds - 1 degrees of freedom, because few seeds tell a variance badly. Nothing, if there is one seed.
    """
    seeds = len(observed)
    if seeds == 1:
        return 0.0
    covariance = np.cov(draws)
    variance = np.trace(covariance) / seeds
    between = (covariance.sum() / seeds - variance) / (seeds - 1)
    widened = stats.t.ppf(1 - ALPHA / 2, seeds - 1) / stats.norm.ppf(1 - ALPHA / 2)
    return max(0.0, observed.var(ddof=1) - (variance - between)) / seeds * widened**2


def holm(p: np.ndarray) -> np.ndarray:
    """p values [n] adjusted for the chance of any false discovery among them (Holm 1979)."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def verdict(low: float, high: float, p: float, margin: float) -> str:
    """Of a against b, from the 95 % interval of the difference, the adjusted p and the largest unimportant difference.

    An interval within ±margin ends the matter, even if the difference is significant: it is smaller than what matters.
    Two one-sided tests at 0.05 would ask this of the 90 % interval; the 95 % interval is the stricter one. Better and
    worse need p < 0.05 and an interval on one side of 0.
    """
    if -margin <= low and high <= margin:
        return "no difference beyond the margin"
    if p < ALPHA and (low > 0 or high < 0):
        return "better" if low > 0 else "worse"
    return "too small to tell"
