"""Paired differences of two estimators, summarised."""

import math
from dataclasses import dataclass

import numpy as np

from studies.statistics.intervals import RESAMPLES, Interval, bca_interval
from studies.statistics.signed_rank import signed_rank_test


@dataclass(frozen=True)
class PairedSummary:
    """What paired differences say, an estimator's value less the other's.

    Parameters
    ----------
    n, planned
        Pairs that there are differences of, and pairs that there should be: a pair is missing if
        either of its runs failed.
    mean, median
        Of the differences; NaN without pairs.
    interval
        BCa bootstrap interval of the mean.
    p_value
        Two-sided, of Wilcoxon's signed-rank test, not corrected; None without pairs.
    effect
        Rank-biserial correlation; 0 without pairs.
    above, equal, below
        Pairs in which the difference is above 0, exactly 0 and below 0.
    """

    n: int
    planned: int
    mean: float
    median: float
    interval: Interval
    p_value: float | None
    effect: float
    above: int
    equal: int
    below: int


def summarise_pairs(
    differences: np.ndarray, planned: int | None = None, *, resamples: int = RESAMPLES
) -> PairedSummary:
    """Summarise paired differences, NaN where a pair is missing.

    Parameters
    ----------
    differences
        (n,), one a pair of runs; NaN where one of the two failed.
    planned
        How many pairs there should be, if `differences` does not hold the missing ones.
    resamples
        Of the bootstrap.

    Raises
    ------
    ValueError
        If a difference is infinite.

    Examples
    --------
    >>> found = summarise_pairs(np.array([0.2, np.nan, 0.1]))
    >>> found.n, found.planned, found.interval.note
    (2, 3, 'an interval needs at least 3 values')
    """
    given = np.asarray(differences, dtype=float)
    values = given[~np.isnan(given)]
    test = signed_rank_test(values) if len(values) else None
    return PairedSummary(
        n=len(values),
        planned=len(given) if planned is None else planned,
        mean=float(values.mean()) if len(values) else math.nan,
        median=float(np.median(values)) if len(values) else math.nan,
        interval=bca_interval(values, resamples=resamples),
        p_value=None if test is None else test.p_value,
        effect=0.0 if test is None else test.effect,
        above=int((values > 0).sum()),
        equal=int((values == 0).sum()),
        below=int((values < 0).sum()),
    )
