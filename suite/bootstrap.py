"""The bootstrap interval of a mean, for every part that compares."""

import warnings

import numpy as np

_RESAMPLED_AT_ONCE = 2**22
"""Numbers that the bootstrap holds at once: 32 MiB."""


def bca_mean_interval(
    values: np.ndarray, *, confidence: float, resamples: int, generator: np.random.Generator
) -> tuple[float, float] | None:
    """The bias-corrected and accelerated bootstrap interval of a mean (Efron, 1987).

    Parameters
    ----------
    values
        (n,), finite.
    confidence
        Of the interval, 0.95 say.
    resamples, generator
        How many to draw, and from what.

    Returns
    -------
    Its ends, or None where it is not defined: for equal values, and where every resampled mean lies
    on one side of the mean.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> low, high = bca_mean_interval(
    ...     np.arange(9.0), confidence=0.9, resamples=999, generator=draw
    ... )
    >>> low < 4 < high
    True
    >>> bca_mean_interval(np.ones(9), confidence=0.9, resamples=999, generator=draw) is None
    True
    """
    from scipy import stats  # slow to import, and not needed to read a report's tables

    if np.ptp(values) == 0:
        return None
    # In units of the largest: cubes of differences as small as rounding would underflow.
    scale = float(np.abs(values).max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (values / scale,),
            np.mean,
            confidence_level=confidence,
            n_resamples=resamples,
            method="BCa",
            batch=max(1, _RESAMPLED_AT_ONCE // len(values)),
            random_state=generator,
        ).confidence_interval
    if not (np.isfinite(found.low) and np.isfinite(found.high)):
        return None
    return float(found.low) * scale, float(found.high) * scale
