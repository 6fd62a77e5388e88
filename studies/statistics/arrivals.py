"""Times to a target of runs that may miss it: distributions and performance profiles."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Steps:
    """A step function: `share` is its value from `at` on; 0 before the first.

    Parameters
    ----------
    at
        (m,), ascending.
    share
        (m,), ascending, of all runs; its last value is below 1 by the share of misses.
    total
        Of how many runs.
    """

    at: np.ndarray
    share: np.ndarray
    total: int

    def value(self, at: float) -> float:
        """The function's value at `at`."""
        before = np.searchsorted(self.at, at, side="right")
        return float(self.share[before - 1]) if before else 0.0


def arrival_distribution(times: np.ndarray) -> Steps:
    """F(t), the share of all runs that reached the target within t.

    A run that missed it, having stopped or failed, stays in the denominator for good: F(t) =
    #{i : tᵢ ≤ t} / N. Kaplan and Meier's estimator would be wrong here. It treats a censored run
    as one that goes on and will arrive as others do; a run whose stopping rule held will never
    arrive, and its end is no event apart from its course but the same rule's work.

    Parameters
    ----------
    times
        (N,), in seconds or steps; NaN or infinite for a miss.

    Examples
    --------
    >>> found = arrival_distribution(np.array([2.0, np.nan, 1.0, 2.0]))
    >>> found.at, found.share
    (array([1., 2.]), array([0.25, 0.75]))
    """
    times = np.asarray(times, dtype=float)
    at, counts = np.unique(times[np.isfinite(times)], return_counts=True)
    return Steps(at, np.cumsum(counts) / max(len(times), 1), len(times))


def performance_ratios(times: np.ndarray) -> np.ndarray:
    """Each time over the shortest of its problem: r = t / min over estimators of t.

    Dolan and Moré (2002), equation 1. A miss stays NaN, which they set to a ratio larger than
    any; a problem that nobody solved has misses alone, and counts against all. Where the fastest
    took no time at all, having started at the target, its ratio is 1 and others' are infinite.

    Parameters
    ----------
    times
        (problems, estimators), not below 0; NaN for a miss.

    Examples
    --------
    >>> performance_ratios(np.array([[1.0, 3.0], [np.nan, 2.0], [0.0, 1.0]]))
    array([[ 1.,  3.],
           [nan,  1.],
           [ 1., inf]])
    """
    times = np.asarray(times, dtype=float)
    if (times < 0).any():
        raise ValueError("expected times, got one below 0.")
    best = np.min(times, axis=1, keepdims=True, initial=np.inf, where=~np.isnan(times))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(times == best, 1.0, times / best)


def performance_profile(times: np.ndarray) -> list[Steps]:
    """ρ(τ) of each estimator: the share of problems solved within τ times the fastest one's time.

    Dolan and Moré (2002). ρ(1) is how often an estimator is the fastest; its limit is how often it
    reaches the target at all.

    Parameters
    ----------
    times
        (problems, estimators), not below 0; NaN for a miss.
    """
    return [arrival_distribution(column) for column in performance_ratios(times).T]
