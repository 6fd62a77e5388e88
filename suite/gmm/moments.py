"""The arithmetic of EM as two matrix products: the table of covariance types for the fast path.

With T(y) = [quadratic terms of y, y, 1] the log of π_k N(y | μ_k, Σ_k) is linear in T, so that for
all rows and components at once

    E-step   Λ = Θ T                        (J × M) (M × N)
    M-step   S = R Tᵀ                       (J × N) (N × M)

with R the responsibilities, one softmax of Λ. What the quadratic terms are, how Θ follows from the
parameters and the parameters from S is all that depends on the covariance type:

    full        y_i y_j for i ≤ j           M = D(D + 1)/2 + D + 1
    diag        y_i²                        M = 2D + 1
    spherical   yᵀy                         M = D + 2
    tied…       none: yᵀΣ⁻¹y is shared      M = D + 1

The products cost 4 N J M operations an iteration. J components of S mixtures of K components each
stand side by side: J = S K. D features, N rows.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from suite.gmm.batch import Precisions


@dataclass(frozen=True, eq=False)
class MomentSums:
    """What the M-step makes covariances from.

    Parameters
    ----------
    quadratic
        Σ_n r_nk T_q(y_n), shape (S, K, Q)
    counts
        Σ_n r_nk, shape (S, K)
    means
        (S, K, D)
    scatter
        Σ_n w_n y_n y_nᵀ, shape (D, D)
    ridge
        Added to each covariance.
    """

    quadratic: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    scatter: np.ndarray
    ridge: np.ndarray


class Moments(ABC):
    """One covariance type's T, Θ and M-step."""

    @abstractmethod
    def n_quadratic(self, n_features: int) -> int:
        """How many quadratic terms T has."""

    @abstractmethod
    def fill(self, quadratic: Tensor, linear: Tensor) -> None:
        """Write the quadratic terms, (n_quadratic, n), of the rows y, `linear` (D, n)."""

    @abstractmethod
    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        """Invert every covariance."""

    @abstractmethod
    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients of T's quadratic (S, K, Q) and linear (S, K, D) terms."""

    @abstractmethod
    def covariances(self, sums: MomentSums) -> np.ndarray:
        """Those that maximise the expected log-likelihood, plus the ridge."""

    def shared_quadratic(self, precisions: np.ndarray, scatter: np.ndarray) -> np.ndarray | float:
        """Σ_n w_n y_nᵀΣ⁻¹y_n for each mixture, (S,), where the E-step leaves it out; else 0."""
        return 0.0


class _Full(Moments):
    def n_quadratic(self, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def fill(self, quadratic: Tensor, linear: Tensor) -> None:
        begin, n_features = 0, len(linear)
        for i in range(n_features):
            end = begin + n_features - i
            torch.mul(linear[i:], linear[i], out=quadratic[begin:end])
            begin = end

    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        return _inverted(covariances)

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second, halves = _pairs(means.shape[-1])
        linear = (precisions @ means[..., np.newaxis])[..., 0]
        return precisions[..., first, second] * halves, linear

    def covariances(self, sums: MomentSums) -> np.ndarray:
        means, n_features = sums.means, sums.means.shape[-1]
        first, second, _ = _pairs(n_features)
        products = np.empty((*sums.counts.shape, n_features, n_features))
        products[..., first, second] = sums.quadratic
        products[..., second, first] = sums.quadratic
        products /= sums.counts[..., np.newaxis, np.newaxis]
        products -= means[..., np.newaxis] * means[..., np.newaxis, :]
        products += sums.ridge
        return products


class _Diagonal(Moments):
    def n_quadratic(self, n_features: int) -> int:
        return n_features

    def fill(self, quadratic: Tensor, linear: Tensor) -> None:
        torch.mul(linear, linear, out=quadratic)

    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        values = _reciprocals(covariances)
        return Precisions(values, np.log(values).sum(-1), values.max(-1))

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -0.5 * precisions, precisions * means

    def covariances(self, sums: MomentSums) -> np.ndarray:
        variances: np.ndarray = (
            sums.quadratic / sums.counts[..., np.newaxis] - sums.means * sums.means + sums.ridge
        )
        return variances


class _Spherical(Moments):
    def n_quadratic(self, n_features: int) -> int:
        return 1

    def fill(self, quadratic: Tensor, linear: Tensor) -> None:
        torch.linalg.vecdot(linear, linear, dim=0, out=quadratic[0])

    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        values = _reciprocals(covariances)
        return Precisions(values, n_features * np.log(values), values)

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        column = precisions[..., np.newaxis]
        return -0.5 * column, column * means

    def covariances(self, sums: MomentSums) -> np.ndarray:
        squares = sums.quadratic[..., 0] / sums.counts - np.vecdot(sums.means, sums.means)
        variances: np.ndarray = squares / sums.means.shape[-1] + sums.ridge
        return variances


class _Tied(Moments):
    def n_quadratic(self, n_features: int) -> int:
        return 0

    def fill(self, quadratic: Tensor, linear: Tensor) -> None:
        pass  # yᵀΣ⁻¹y is the same for all components, and falls out of the responsibilities

    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        found = _inverted(covariances)
        return Precisions(found.values, found.log_determinants[:, None], found.norms[:, None])

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return means[..., :0], means @ precisions

    def covariances(self, sums: MomentSums) -> np.ndarray:
        between = np.swapaxes(sums.counts[..., np.newaxis] * sums.means, 1, 2) @ sums.means
        shared: np.ndarray = (sums.scatter - between) / sums.counts.sum(1)[
            :, None, None
        ] + sums.ridge
        return shared

    def shared_quadratic(self, precisions: np.ndarray, scatter: np.ndarray) -> np.ndarray:
        sums: np.ndarray = (precisions * scatter).sum((-2, -1))
        return sums


class _TiedDiagonal(_Tied):
    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        values = _reciprocals(covariances)
        return Precisions(
            values, np.log(values).sum(1, keepdims=True), values.max(1, keepdims=True)
        )

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return means[..., :0], means * precisions[:, np.newaxis]

    def covariances(self, sums: MomentSums) -> np.ndarray:
        between = (sums.counts[..., np.newaxis] * sums.means * sums.means).sum(1)
        shared: np.ndarray = (sums.scatter.diagonal() - between) / sums.counts.sum(1)[
            :, None
        ] + sums.ridge
        return shared

    def shared_quadratic(self, precisions: np.ndarray, scatter: np.ndarray) -> np.ndarray:
        return precisions @ scatter.diagonal()


class _TiedSpherical(_TiedDiagonal):
    def precisions(self, covariances: np.ndarray, n_features: int) -> Precisions:
        values = _reciprocals(covariances)
        column = values[:, np.newaxis]
        return Precisions(values, n_features * np.log(column), column)

    def natural(self, precisions: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return means[..., :0], means * precisions[:, None, None]

    def covariances(self, sums: MomentSums) -> np.ndarray:
        of_each = super().covariances(sums)
        shared: np.ndarray = of_each.mean(1)
        return shared

    def shared_quadratic(self, precisions: np.ndarray, scatter: np.ndarray) -> np.ndarray:
        sums: np.ndarray = precisions * np.trace(scatter)
        return sums


MOMENTS: dict[str, Moments] = {
    "full": _Full(),
    "tied": _Tied(),
    "diag": _Diagonal(),
    "spherical": _Spherical(),
    "tied_diag": _TiedDiagonal(),
    "tied_spherical": _TiedSpherical(),
}
"""The fast path of every covariance type, by its name."""


@cache
def _pairs(n_features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The features of each term y_i y_j, in order, and what −½Σ⁻¹_ij is multiplied by there."""
    first, second = np.triu_indices(n_features)
    return first, second, np.where(first == second, -0.5, -1.0)


def _reciprocals(variances: np.ndarray) -> np.ndarray:
    """1/σ²; infinity, for an infinite norm, where σ² is not above zero."""
    if (variances > 0).all():
        values: np.ndarray = 1.0 / variances
        return values
    return np.divide(1.0, variances, out=np.full_like(variances, np.inf), where=variances > 0)


def _inverted(covariances: np.ndarray) -> Precisions:
    try:
        factors = np.linalg.cholesky(covariances)
        inverses = np.linalg.inv(factors)
    except np.linalg.LinAlgError:
        inverses = _inverted_one_by_one(covariances)
    with np.errstate(over="ignore", invalid="ignore"):  # where there is none
        values = np.swapaxes(inverses, -1, -2) @ inverses
        squares = values.reshape(*values.shape[:-2], -1)
        norms = np.sqrt(np.vecdot(squares, squares))
    diagonals = np.diagonal(inverses, axis1=-2, axis2=-1)
    return Precisions(values, 2 * np.log(diagonals).sum(-1), norms)


def _inverted_one_by_one(covariances: np.ndarray) -> np.ndarray:
    """Inverse Cholesky factors; infinite on the diagonal where there is none."""
    inverses = np.empty_like(covariances)
    singular = np.diag(np.full(covariances.shape[-1], np.inf))
    for index in np.ndindex(*covariances.shape[:-2]):
        try:
            inverses[index] = np.linalg.inv(np.linalg.cholesky(covariances[index]))
        except np.linalg.LinAlgError:
            inverses[index] = singular
    return inverses
