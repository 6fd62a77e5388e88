"""Regions of practical equivalence: how large a difference must be to matter, by metric.

A quantity is judged only where such a region is stated, so that what is tested is settled before
there are results. Values that are times, memory, rates or counts of steps are compared as ratios,
all others as differences.
"""

import math
from collections.abc import Mapping, Sequence

from studies.metrics import Kind, Metric

_RATIO_UNITS = ("seconds", "MB", "steps", "10⁹ operations per second")

USUAL_REGIONS: dict[Kind, dict[str, float]] = {
    "mixture": {"log_likelihood": 0.01, "adjusted_rand_index": 0.01, "fit_seconds": 0.05},
    "vae": {
        "log_likelihood": 0.5,
        "elbo": 0.5,
        "reconstruction_error": 0.5,
        "fit_seconds": 0.05,
    },
}
"""What a study has that states nothing else.

Nats per datum, points of the Rand index, and shares of the time. For mixtures a hundredth of a nat
is the usual target. For VAEs half a nat is about what re-implementations of one published setting
differ by (86.76 on MNIST: Burda, Grosse and Salakhutdinov, 2016; 86.35: one of them).
"""


def stated_regions(
    kind: Kind, metrics: Sequence[str], equivalent: Mapping[str, float]
) -> dict[str, float]:
    """The metrics to judge, each with its region: the usual ones, and those that a study names.

    Parameters
    ----------
    kind, metrics, equivalent
        As in the study file; `equivalent` comes before what is usual.

    Examples
    --------
    >>> stated_regions("mixture", ["log_likelihood", "steps"], {"steps": 0.1})
    {'log_likelihood': 0.01, 'steps': 0.1}
    """
    usual = {name: size for name, size in USUAL_REGIONS[kind].items() if name in metrics}
    return usual | dict(equivalent)


def is_ratio(metric: Metric) -> bool:
    """Whether two values of `metric` are compared by their ratio."""
    return metric.unit in _RATIO_UNITS


def half_width(metric: Metric, size: float) -> float:
    """Half the region's width on the scale of the comparison.

    A difference d is in it if |d| ≤ size; a ratio r if |log r| ≤ log(1 + size), so that 0.05 is
    from 1/1.05 to 1.05 and the region is the same whichever of the two is named first.

    Examples
    --------
    >>> from studies.metrics import METRICS
    >>> half_width(METRICS["elbo"], 0.01), round(half_width(METRICS["fit_seconds"], 0.05), 4)
    (0.01, 0.0488)
    """
    return math.log1p(size) if is_ratio(metric) else size
