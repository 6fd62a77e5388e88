"""What a fit says of itself: which starts ended in a proper mixture, and what is wrong with others.

Where components have covariances of their own the likelihood has no upper bound: one that shrinks
onto a single row, or onto rows in one plane, raises it without end (Day, 1969). Such an end is no
estimate, however high its likelihood, and so it ranks behind every regular one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.gmm.covariance import covariance_type_named

LEAST_SPREAD = 1e-6
"""Share of the data's variance below which a component counts as flat, unless told otherwise."""

_ROUNDING = 1e-12  # relative, of a bound
_EMPTY = 0.5  # effective rows


@dataclass(frozen=True)
class RegularLimits:
    """What a mixture must have to count as regular.

    Parameters
    ----------
    least_spread
        Share of the data's variance that a component has to have in every direction.
    least_count
        Effective rows of every component that has a covariance of its own. None: as many as it
        needs, rank + 1 for "full" and two for the other types, less one half because
        responsibilities are never quite one.
    """

    least_spread: float = LEAST_SPREAD
    least_count: float | None = None

    def count_for(self, covariance_type: str, rank: int) -> float:
        """The effective rows a component needs; where all share a covariance, any at all."""
        if covariance_type.startswith("tied"):
            return _EMPTY
        if self.least_count is not None:
            return self.least_count
        own_matrix = covariance_type_named(covariance_type).has_matrices
        return (rank + 1 if own_matrix else 2) - 0.5


_USUAL = RegularLimits()


@dataclass(frozen=True)
class StartDiagnostics:
    """How the ascent from one start ended.

    Parameters
    ----------
    lower_bound
        The last bound, in nats per datum.
    n_iter, converged
        After how many iterations, and whether by the stopping rule.
    smallest_spread
        The smallest eigenvalue of any component's covariance, as a share of the data's variance in
        that direction (of the data's mean variance for spherical types). Directions in which the
        data do not vary are left out.
    smallest_count
        The smallest number of effective rows, Σ_n r_nk, of any component.
    faults
        What makes the end degenerate, in words; empty if it is regular.
    n_direct
        How many iterations were too badly conditioned for matrix products and were computed from
        centred distances.
    """

    lower_bound: float
    n_iter: int
    converged: bool
    smallest_spread: float
    smallest_count: float
    faults: tuple[str, ...] = ()
    n_direct: int = 0

    @property
    def is_regular(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


@dataclass(frozen=True)
class FitDiagnostics:
    """What is to be known of a fitted mixture beside its parameters.

    Parameters
    ----------
    starts
        Every start, in the order they were made.
    chosen
        The number, from 0, of the start that was kept: the highest bound among the regular ones;
        among all, if none is regular.
    rank
        In how many directions the data vary: D, unless columns are constant or depend linearly on
        others.
    constant_features
        The columns that do not vary, from 0.
    n_failed
        How many more starts there were that had no density: a component without spread.
    """

    starts: tuple[StartDiagnostics, ...]
    chosen: int
    rank: int
    constant_features: tuple[int, ...] = ()
    n_failed: int = 0

    @property
    def is_regular(self) -> bool:
        """Whether the mixture that was kept is regular."""
        return self.starts[self.chosen].is_regular

    @property
    def n_regular(self) -> int:
        """How many starts ended in a regular mixture."""
        return sum(start.is_regular for start in self.starts)

    def __str__(self) -> str:
        kept = self.starts[self.chosen]
        state = "regular" if kept.is_regular else f"degenerate ({'; '.join(kept.faults)})"
        n_starts = len(self.starts) + self.n_failed
        return f"{self.n_regular} of {n_starts} starts ended regular; kept: {state}"


def ranked_first(starts: Sequence[StartDiagnostics]) -> int:
    """The start to keep: a regular one before a degenerate one, then the highest bound.

    Of several that reach one bound, up to rounding, it is the first, so that the order of the
    components does not hang on the last digit; of several that took no step the last, as in
    scikit-learn.
    """
    best = 0
    for i, start in enumerate(starts[1:], 1):
        kept = starts[best]
        if start.is_regular != kept.is_regular:
            best = i if start.is_regular else best
        elif kept.n_iter == 0 or start.lower_bound > kept.lower_bound + _ROUNDING * max(
            1.0, abs(kept.lower_bound)
        ):
            best = i
    return best


def faults_of(
    spreads: np.ndarray,
    counts: np.ndarray,
    covariance_type: str,
    rank: int,
    limits: RegularLimits = _USUAL,
) -> tuple[str, ...]:
    """What is wrong with a mixture, in words.

    Parameters
    ----------
    spreads
        (K,), each component's smallest share of the data's variance; (1,) if all share one.
    counts
        (K,), effective rows.
    covariance_type
        Components with a covariance of their own need rows enough for it: rank + 1 for "full", two
        for the others.
    rank
        In how many directions the data vary.
    limits
        Where the line is.
    """
    tied = covariance_type.startswith("tied")
    flat = np.flatnonzero(~(spreads > limits.least_spread)).tolist()
    found = [
        f"{_component(k, tied)} has {spreads[k]:.1e} of the data's variance in some direction"
        for k in flat
    ]
    for k in np.flatnonzero(counts < limits.count_for(covariance_type, rank)):
        short = "is empty" if counts[k] < _EMPTY else f"has {counts[k]:.2f} effective rows only"
        found.append(f"component {k} {short}")
    return tuple(found)


def _component(k: int, tied: bool) -> str:
    return "the shared covariance" if tied else f"component {k}"
