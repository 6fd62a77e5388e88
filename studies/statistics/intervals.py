"""Bootstrap intervals of a mean, and in words where there can be none."""

from dataclasses import dataclass

import numpy as np

from suite.bootstrap import bca_mean_interval

CONFIDENCE = 0.95
"""Of every interval."""

FEWEST_FOR_INTERVAL = 3
"""With fewer values there is no interval: resamples of two values are three means."""

RESAMPLES = 4999
_SEED = 20260101


@dataclass(frozen=True)
class Interval:
    """A confidence interval, or why there is none.

    Parameters
    ----------
    bounds
        Its ends, both finite; None if there is no interval.
    note
        In words: why there is none, or why its width is 0. Empty for a usual one.
    """

    bounds: tuple[float, float] | None
    note: str = ""


def bca_interval(values: np.ndarray, *, resamples: int = RESAMPLES) -> Interval:
    """The bias-corrected and accelerated bootstrap interval of the mean (Efron, 1987).

    Parameters
    ----------
    values
        (n,), finite: paired differences, say. Resampling them is resampling the pairs.
    resamples
        How many; drawn from a fixed seed, so that the same values have the same interval.

    Returns
    -------
    Interval
        95%. Without bounds for fewer than three values, and where the correction is not defined
        (every resampled mean on one side of the mean); of width 0 for values that are all equal,
        which the note says.

    Raises
    ------
    ValueError
        If a value is not finite.

    Examples
    --------
    >>> bca_interval(np.array([1.0, 1.0, 1.0]))
    Interval(bounds=(1.0, 1.0), note='all 3 values are equal')
    >>> bca_interval(np.array([1.0, 2.0])).note
    'an interval needs at least 3 values'
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("expected finite values; leave the others out and count them.")
    n = len(values)
    if n < FEWEST_FOR_INTERVAL:
        return Interval(None, f"an interval needs at least {FEWEST_FOR_INTERVAL} values")
    if np.all(values == values[0]):
        return Interval((float(values[0]),) * 2, f"all {n} values are equal")
    bounds = bca_mean_interval(
        values,
        confidence=CONFIDENCE,
        resamples=resamples,
        generator=np.random.default_rng(_SEED),
    )
    if bounds is None:
        return Interval(None, "the bootstrap's correction is not defined for these values")
    return Interval(bounds)
