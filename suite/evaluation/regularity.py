"""Whether a mixture is an estimate of anything, or its likelihood that of a few rows on a line.

Where every component has a covariance of its own, the likelihood has no upper bound: a component
that shrinks onto one row, or onto rows in one hyperplane, raises it without end (Day, 1969). Short
of that, a component on very few rows that happen to lie close together is a *spurious* maximum:
high and narrow, and no feature of the data (McLachlan and Peel, 2000).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from suite.gmm.parameters import MixtureParameters

SMALLEST_SPREAD = 1e-3
"""A regular component has at least this share of the data's variance in every direction."""


@dataclass(frozen=True)
class Regularity:
    """How far a mixture is from a degenerate one.

    Parameters
    ----------
    smallest_spread
        The smallest eigenvalue of any component's covariance relative to that of a single
        component of the same type on the same rows (the data's covariance, its diagonal or its
        mean variance): a share of variance, without unit.
    smallest_count
        The smallest number of effective rows, Σ_n p(z = k | x_n), of any component.
    needed_count
        The number of effective rows that a component needs: D + 1 where it has a full covariance of
        its own; as many, but no more than four, where it has variances of its own; 0 where
        covariances are tied: a component on one row is then no cause of a high likelihood.
    """

    smallest_spread: float
    smallest_count: float
    needed_count: int

    @property
    def is_regular(self) -> bool:
        """Whether neither is too small."""
        return self.smallest_spread >= SMALLEST_SPREAD and self.smallest_count >= self.needed_count


def regularity(parameters: MixtureParameters, X: ArrayLike) -> Regularity:
    """The smallest spread and the smallest number of effective rows of any component.

    Parameters
    ----------
    parameters
        The mixture.
    X
        (N, D), the rows that it was fitted to. Directions in which they do not vary are left out.

    Examples
    --------
    >>> X = [[0.0], [1.0], [2.0], [9.0], [9.001]]
    >>> pair = MixtureParameters([0.6, 0.4], [[1.0], [9.0005]], [1.0, 2.5e-7], "spherical")
    >>> found = regularity(pair, X)
    >>> round(found.smallest_count, 3), found.is_regular
    (2.0, False)
    """
    rows = np.asarray(X, dtype=np.float64)
    covariance = np.cov(rows, rowvar=False, bias=True).reshape(2 * rows.shape[1:])
    reference = _OF_ONE_COMPONENT[parameters.covariance_type](covariance)
    variances, axes = np.linalg.eigh(reference)
    kept = variances > variances.max() * len(variances) * np.finfo(float).eps
    whitening = axes[:, kept] / np.sqrt(variances[kept])
    relative = whitening.T @ parameters.full_covariances() @ whitening
    return Regularity(
        smallest_spread=float(np.linalg.eigvalsh(relative).min()) if kept.any() else 0.0,
        smallest_count=float(parameters.responsibilities(rows).sum(axis=0).min()),
        needed_count=_NEEDED[parameters.covariance_type](rows.shape[1]),
    )


def _whole(covariance: np.ndarray) -> np.ndarray:
    return covariance


def _diagonal(covariance: np.ndarray) -> np.ndarray:
    return np.diag(np.diag(covariance))


def _round(covariance: np.ndarray) -> np.ndarray:
    return np.diag(np.full(len(covariance), np.trace(covariance) / len(covariance)))


_OF_ONE_COMPONENT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "full": _whole,
    "tied": _whole,
    "diag": _diagonal,
    "tied_diag": _diagonal,
    "spherical": _round,
    "tied_spherical": _round,
}
"""By covariance type: the covariance of a single component, from the data's."""


def _none(n_features: int) -> int:
    return 0


def _for_a_matrix(n_features: int) -> int:
    return n_features + 1


def _for_variances(n_features: int) -> int:
    # From four rows a variance is known to a factor of 43 (95%, χ² of 3), from three to one of 146.
    return min(n_features + 1, 4)


_NEEDED: dict[str, Callable[[int], int]] = {
    "full": _for_a_matrix,
    "tied": _none,
    "diag": _for_variances,
    "tied_diag": _none,
    "spherical": _for_variances,
    "tied_spherical": _none,
}
"""By covariance type: effective rows that a component needs, of D."""
