"""The noise floor of timings: how far an estimator comes out from itself."""

import math
from dataclasses import dataclass

import numpy as np

from studies.statistics.intervals import CONFIDENCE

_RESAMPLES = 4999
_SEED = 20260102


@dataclass(frozen=True)
class NoiseFloor:
    """What an estimator timed against itself shows.

    Parameters
    ----------
    log_ratio
        The floor: a mean log ratio of times is noise up to this.
    n
        Pairs that it is made from.
    mean, spread
        Mean and standard deviation of their log ratios; a spread of one pair is 0.
    """

    log_ratio: float
    n: int
    mean: float
    spread: float

    @property
    def ratio(self) -> float:
        """The floor as a share: 0.05 where up to 5% is noise."""
        return math.expm1(self.log_ratio)


def noise_floor(log_ratios: np.ndarray, n_pairs: int) -> NoiseFloor:
    """The floor under a mean of `n_pairs` log ratios of times, from an A/A comparison.

    Which of two equal runs is called the first is arbitrary, so each resampled log ratio gets a
    random sign, a randomisation of exchangeable names (Fisher, 1935); q is the 95% quantile of the
    absolute mean of `n_pairs` of them. The floor is q t/z with the 97.5% quantiles t of Student's
    distribution with n degrees of freedom and z of the normal one: the spread of the noise is
    itself known from n pairs only, and its mean is known to be 0. Another pair of equal estimators
    is then a tie in 95% of studies (with tails as heavy as Student's at three degrees, in 94%).

    Parameters
    ----------
    log_ratios
        (n,), log(t′ / t) of the same estimator on the same data set and seed.
    n_pairs
        How many pairs the comparison that is held to the floor is over.

    Raises
    ------
    ValueError
        If there is no log ratio or no pair, or a log ratio is not finite.
    """
    log_ratios = np.asarray(log_ratios, dtype=float)
    n = len(log_ratios)
    if n == 0 or n_pairs < 1 or not np.isfinite(log_ratios).all():
        raise ValueError(f"expected finite log ratios and pairs, got {log_ratios} and {n_pairs}.")
    from scipy import stats

    random = np.random.default_rng(_SEED)
    drawn = log_ratios[random.integers(n, size=(_RESAMPLES, n_pairs))]
    means = (drawn * random.choice([-1.0, 1.0], size=drawn.shape)).mean(axis=1)
    two_sided = 0.5 + CONFIDENCE / 2
    widening = float(stats.t.ppf(two_sided, n) / stats.norm.ppf(two_sided))
    return NoiseFloor(
        log_ratio=float(np.quantile(np.abs(means), CONFIDENCE)) * widening,
        n=n,
        mean=float(log_ratios.mean()),
        spread=float(log_ratios.std(ddof=1)) if n > 1 else 0.0,
    )
