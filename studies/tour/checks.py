"""A line of the derivation as numbers: its left side, its right side and what may lie between."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import norm

from studies.tour.settings import FALSE_ALARM

Relation = Literal["equal", "at most"]


@dataclass(frozen=True)
class Check:
    """One line, checked.

    Parameters
    ----------
    name
        What it is called; the article asks for it by this name.
    left, right
        Means over the data of both sides, in `unit`.
    difference
        "equal": the largest absolute difference of the two sides, over data where they are compared
        one by one, else of their means. "at most": by how much the left exceeds the right where it
        does so most; negative where it is below everywhere.
    tolerance
        What the difference may be at most.
    relation
        Whether the left side equals the right one or is at most the right one.
    why
        Where the tolerance comes from.
    data
        What it was computed on, and with how many draws.
    unit
        "nats per datum" where nothing else is said.
    """

    name: str
    left: float
    right: float
    difference: float
    tolerance: float
    relation: Relation
    why: str
    data: str
    unit: str = "nats per datum"

    @property
    def holds(self) -> bool:
        """Whether the line came out; never where a number is not finite."""
        return math.isfinite(self.difference) and self.difference <= self.tolerance


def equal(
    name: str,
    left: np.ndarray,
    right: np.ndarray,
    *,
    terms: int,
    data: str,
    more: float = 0.0,
    because: str = "",
    unit: str = "nats per datum",
) -> Check:
    """Both sides datum by datum, within what rounding makes of sums of so many terms.

    Parameters
    ----------
    left, right
        (N,)
    terms
        How many numbers were added up to one of them: each adds a rounding of half a unit in the
        last place of the running sum, which is taken to be no larger than 10 times the result.
    more
        What the left or right side may be off by beside rounding, and `because` of what.
    """
    size = max(1.0, float(np.abs(left).max()), float(np.abs(right).max()))
    rounding = 10 * terms * float(np.finfo(np.float64).eps) * size
    why = f"rounding of {terms:,} terms in float64" + (f", and {because}" if because else "")
    difference = float(np.abs(left - right).max())
    return Check(
        name,
        float(left.mean()),
        float(right.mean()),
        difference,
        rounding + more,
        "equal",
        why,
        data,
        unit,
    )


def equal_on_average(
    name: str, exact: np.ndarray, draws: np.ndarray, *, data: str, unit: str = "nats per datum"
) -> Check:
    """The mean of what was drawn against what it should be, within sampling error.

    Parameters
    ----------
    exact
        (N,)
    draws
        (S, N), independent, each with mean `exact`.
    """
    error = float(np.sqrt((draws.var(axis=0, ddof=1) / len(draws)).sum()) / draws.shape[1])
    quantile = float(norm.isf(FALSE_ALARM / 2))
    left, right = float(exact.mean()), float(draws.mean())
    why = f"{quantile:.1f} standard errors, passed by chance once in {1 / FALSE_ALARM:,.0f}"
    return Check(name, left, right, abs(left - right), quantile * error, "equal", why, data, unit)


def at_most(
    name: str, left: np.ndarray, right: np.ndarray, *, tolerance: float, why: str, data: str
) -> Check:
    """The left side is nowhere above the right one, datum by datum."""
    excess = float((left - right).max())
    return Check(
        name, float(left.mean()), float(right.mean()), excess, tolerance, "at most", why, data
    )
