"""One quantity before and after, and what is found of it."""

from dataclasses import dataclass
from typing import Literal

from studies.metrics import Metric
from studies.report.tables import Measured
from studies.statistics import PairedSummary

Finding = Literal[
    "same", "better", "worse", "changed", "equivalent", "tie", "undecided", "not comparable"
]
ALL_DATASETS = ""
"""In place of a data set's name: the runs on all of them together."""

_MEASURED_UNITS = ("seconds", "MB", "10⁹ operations per second")


@dataclass(frozen=True)
class ComparedValue:
    """One quantity of an estimator on a data set, before and after.

    Parameters
    ----------
    dataset, estimator
        Where; `dataset` is `ALL_DATASETS` for all of them together.
    quantity
        What.
    before, after
        Medians over the runs that have a value in both sets; if there is none, over those of each
        set. NaN of none, and for all data sets together.
    differences
        After less before, a run each, NaN where one of the two is missing; log ratios if
        `as_ratio`.
    summary
        Of the differences.
    finding, reason
        What follows, and from what.
    """

    dataset: str
    estimator: str
    quantity: Measured
    before: float
    after: float
    differences: tuple[float, ...]
    summary: PairedSummary
    finding: Finding
    reason: str

    @property
    def as_ratio(self) -> bool:
        """Whether the two are compared by their ratio."""
        return is_measured(self.quantity.metric)

    @property
    def moved(self) -> bool:
        """Whether it moved beyond the noise."""
        return self.finding in ("better", "worse", "changed")


def is_measured(quantity: Metric) -> bool:
    """Whether values of a metric have noise although seed, data and code are the same."""
    return quantity.unit in _MEASURED_UNITS
