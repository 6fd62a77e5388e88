"""The coordinates in which EM computes: centred, and scaled by the spread of all the data."""

from dataclasses import dataclass, replace

import numpy as np

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters
from suite.gmm.rows import Rows

_BLOCK = 8192
_RELATIVE_FLOOR = 1e-12  # of a direction's variance: below, the data lie in a plane


@dataclass(frozen=True, eq=False)
class Coordinates:
    """y = Bᵀ(x − c): the data's mean at the origin, their spread one in every direction.

    Moments of y have no digits to lose to a far origin or to columns of unequal scale. Which B is
    allowed depends on the covariance type: any matrix for the types with matrices (here the one
    that makes the data's covariance the identity), a scale for each feature for diagonal ones, one
    scale for spherical ones; for the mixture of y is then of the same type, and EM commutes with
    the change of coordinates.

    Parameters
    ----------
    centre
        c, shape (D,): the weighted mean of the rows.
    basis
        B, shape (D, D); or its diagonal, shape (D,).
    scatter
        Σ_n w_n y_n y_nᵀ, shape (D, D).
    support
        (D,), for each coordinate whether the data vary along it.
    constant_features
        The columns of x that do not vary.
    n_rows, total_weight, effective_rows
        N; Σ_n w_n, which is N without weights; and how many rows those weights amount to, which is
        the number of rows with a weight above zero.
    covariance_type
        Of the mixtures that are carried over.
    """

    centre: np.ndarray
    basis: np.ndarray
    scatter: np.ndarray
    support: np.ndarray
    constant_features: tuple[int, ...]
    n_rows: int
    total_weight: float
    effective_rows: int
    covariance_type: str

    @classmethod
    def of(cls, rows: Rows, covariance_type: str) -> "Coordinates":
        """The coordinates that suit these rows; two numbers a feature are kept of each block.

        Raises
        ------
        InputError
            If a row holds NaN or infinity, or all weights are zero.
        """
        found = _moments(rows)
        covariance = found.scatter / found.total_weight
        variances = covariance.diagonal()
        support = variances > 0
        if covariance_type_named(covariance_type).has_matrices:
            basis, support = _whitening(covariance)
            scatter = basis.T @ found.scatter @ basis
        else:
            if covariance_type.endswith("spherical"):
                variances = np.full_like(variances, variances.mean())
                support = variances > 0
            basis = 1.0 / np.sqrt(np.where(support, variances, 1.0))
            scatter = basis[:, np.newaxis] * found.scatter * basis
        return cls(
            found.centre,
            basis,
            scatter,
            support,
            tuple(np.flatnonzero(covariance.diagonal() == 0).tolist()),
            found.n_rows,
            found.total_weight,
            found.effective_rows,
            covariance_type,
        )

    def of_others(self, rows: Rows) -> "Coordinates":
        """The same coordinates with the scatter, about their centre, of other rows."""
        found = _moments(rows)
        away = found.centre - self.centre
        scatter = found.scatter + found.total_weight * np.outer(away, away)
        if self.basis.ndim == 2:
            scatter = self.basis.T @ scatter @ self.basis
        else:
            scatter = self.basis[:, np.newaxis] * scatter * self.basis
        return replace(
            self,
            scatter=scatter,
            n_rows=found.n_rows,
            total_weight=found.total_weight,
            effective_rows=found.effective_rows,
        )

    @property
    def n_features(self) -> int:
        """D."""
        return len(self.centre)

    @property
    def log_volume(self) -> float:
        """log |det B|, which is log p(x) − log p(y)."""
        if self.basis.ndim == 1:
            return float(np.log(self.basis).sum())
        return float(np.linalg.slogdet(self.basis)[1])

    @property
    def rank(self) -> int:
        """In how many directions the data vary."""
        return int(self.support.sum())

    def smallest_shares(self, covariances: np.ndarray) -> np.ndarray:
        """The smallest variance of each component, (K,) or (1,), as a share of the data's.

        Directions in which the data do not vary are left out.

        Parameters
        ----------
        covariances
            In these coordinates, in the shape of their type.
        """
        if not self.support.any():
            return np.zeros(1)
        if self.basis.ndim == 2:
            inside = covariances[..., self.support, :][..., self.support]
            shares: np.ndarray = np.linalg.eigvalsh(inside)[..., 0]
        elif self.covariance_type.endswith("spherical"):
            shares = covariances
        else:
            shares = covariances[..., self.support].min(-1)
        return np.atleast_1d(shares)

    def ridge(self, reg_covar: float) -> np.ndarray:
        """What reg_covar · I is in these coordinates, in the shape of one component's covariance:

        (D, D), (D,) or ().
        """
        if self.basis.ndim == 2:
            matrix: np.ndarray = reg_covar * self.basis.T @ self.basis
            return matrix
        squares = reg_covar * np.square(self.basis)
        return squares[0] if self.covariance_type.endswith("spherical") else squares

    def inward(self, mixture: MixtureParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and covariances of the mixture of y, in the shapes of their type."""
        means = mixture.means - self.centre
        if self.basis.ndim == 2:
            covariances = self.basis.T @ mixture.covariances @ self.basis
            return mixture.weights, means @ self.basis, covariances
        squares = self._squares()
        return mixture.weights, means * self.basis, mixture.covariances * squares

    def outward(
        self, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
    ) -> MixtureParameters:
        """The mixture of x that belongs to one of y: the inverse of `inward`."""
        if self.basis.ndim == 2:
            back = np.linalg.inv(self.basis)
            spread = back.T @ covariances @ back
            spread = (spread + spread.swapaxes(-1, -2)) / 2
            return self._mixture(weights, means @ back + self.centre, spread)
        means = means / self.basis + self.centre
        return self._mixture(weights, means, covariances / self._squares())

    def _mixture(
        self, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
    ) -> MixtureParameters:
        return MixtureParameters(weights, means, covariances, self.covariance_type)

    def _squares(self) -> np.ndarray:
        squares = np.square(self.basis)
        return squares[0] if self.covariance_type.endswith("spherical") else squares


@dataclass(frozen=True, eq=False)
class _Found:
    """Sums over all rows: N, Σ w, rows of some weight, the mean and the scatter about it."""

    n_rows: int
    total_weight: float
    effective_rows: int
    centre: np.ndarray
    scatter: np.ndarray


def _moments(rows: Rows) -> _Found:
    """All in one pass, by merging blocks (Chan, Golub and LeVeque, 1979)."""
    n_rows, n_effective, total = 0, 0, 0.0
    centre = np.zeros(rows.n_features)
    scatter = np.zeros((rows.n_features, rows.n_features))
    for X, weights in rows.blocks(_BLOCK):
        block = np.asarray(X, dtype=np.float64)
        _check_finite(block, n_rows)
        n_rows += len(block)
        n_effective += len(block) if weights is None else int(np.count_nonzero(weights))
        weight = float(len(block) if weights is None else weights.sum())
        if weight == 0:
            continue
        mean = (block.sum(0) if weights is None else weights @ block) / weight
        centred = block - mean
        step = mean - centre
        scatter += (centred if weights is None else weights[:, np.newaxis] * centred).T @ centred
        scatter += np.outer(step, step) * (total * weight / (total + weight))
        total += weight
        centre += step * (weight / total)
    if total == 0:
        raise InputError("expected rows of some weight, got none; check sample_weight.")
    # Equal rows leave a scatter of rounding errors, which is no spread.
    rounding = 10 * np.finfo(np.float64).eps * np.sqrt(n_rows) * np.abs(centre)
    varies = np.sqrt(scatter.diagonal() / total) > rounding
    return _Found(n_rows, total, n_effective, centre, scatter * varies * varies[:, np.newaxis])


def _whitening(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """B with Bᵀ C B = I, as far as C has full rank, and how far; other directions keep a scale."""
    deviations = np.sqrt(covariance.diagonal())
    scales = 1.0 / np.where(deviations > 0, deviations, 1.0)
    values, vectors = np.linalg.eigh(scales[:, np.newaxis] * covariance * scales)
    usable = values > _RELATIVE_FLOOR * max(values[-1], 0.0)
    lengths = np.where(usable, np.sqrt(np.where(usable, values, 1.0)), 1.0)
    return scales[:, np.newaxis] * vectors / lengths, usable


def _check_finite(block: np.ndarray, before: int) -> None:
    if np.isfinite(block.sum()):  # cheaper than looking at every number
        return
    bad = np.argwhere(~np.isfinite(block))
    if len(bad):
        row, column = bad[0]
        kind = "NaN" if np.isnan(block[row, column]) else "infinity"
        raise InputError(
            f"expected finite numbers, got {kind} in row {before + row}, column {column} of X; "
            "remove or fill in such rows."
        )
