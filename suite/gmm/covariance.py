"""The table of covariance types: everything that depends on the type, in one place.

A type knows the shape of its covariances (scikit-learn's), how to estimate them from weighted data
and how to measure distances with them. A new type is one class and one line in the table.
N data, D features, K components.
"""

import numpy as np
import torch
from torch import Tensor

from suite.errors import InputError
from suite.gmm.covariance_type import CovarianceType


class _Matrices(CovarianceType):
    """What the types that hold whole matrices have in common."""

    has_matrices = True

    def invert(self, covariances: np.ndarray) -> np.ndarray:
        return np.linalg.inv(covariances)

    def draw(
        self, random: np.random.RandomState, mean: np.ndarray, covariance: np.ndarray, size: int
    ) -> np.ndarray:
        return random.multivariate_normal(mean, covariance, size)

    def add_to_diagonal(self, covariances: Tensor, value: float) -> Tensor:
        n_features = covariances.shape[-1]
        return covariances + value * torch.eye(
            n_features, dtype=covariances.dtype, device=covariances.device
        )

    def scales(self, covariances: Tensor) -> Tensor:
        cholesky, info = torch.linalg.cholesky_ex(covariances)
        if bool(info.any()) or not bool(torch.isfinite(cholesky).all()):
            raise _collapsed()
        return cholesky

    def covariances(self, scales: Tensor) -> Tensor:
        return scales @ scales.mT

    def stretch(self, scales: Tensor, free: Tensor) -> Tensor:
        diagonal = free.diagonal(dim1=-2, dim2=-1).exp()
        return scales @ (free.tril(-1) + diagonal.diag_embed())

    def inverse_traces(self, factors: Tensor, n_features: int) -> Tensor:
        return factors.square().sum((-2, -1))

    def factors_of_scales(self, scales: Tensor) -> Tensor:
        identity = torch.eye(scales.shape[-1], dtype=scales.dtype, device=scales.device)
        return torch.linalg.solve_triangular(scales, identity, upper=False).mT

    def precision_factors(self, covariances: Tensor) -> Tensor:
        return self.factors_of_scales(self.scales(covariances))

    def log_determinants(self, factors: Tensor, n_features: int) -> Tensor:
        return factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class _Full(_Matrices):
    """Each component has a matrix of its own: covariances (K, D, D)."""

    name = "full"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features, n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2

    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        return covariances

    def select(self, covariances: np.ndarray, component: int | np.ndarray) -> np.ndarray:
        return covariances[component]

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        covariances = []
        for weight, count, mean in zip(responsibilities.T, counts, means, strict=True):
            centred = X - mean
            covariances.append((weight * centred.T) @ centred / count)
        stacked = torch.stack(covariances)
        variances = stacked.diagonal(dim1=-2, dim2=-1)
        variances.copy_(_zero_below_rounding(variances, means.square()))
        return stacked

    def squared_distances(self, X: Tensor, means: Tensor, factors: Tensor) -> Tensor:
        return torch.stack(
            [
                ((X - mean) @ factor).square().sum(1)
                for mean, factor in zip(means, factors, strict=True)
            ],
            dim=1,
        )

    def shift(self, means: Tensor, scales: Tensor, free: Tensor) -> Tensor:
        return means + (scales @ free.unsqueeze(-1)).squeeze(-1)

    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        return scales[assignments]


class _Tied(_Matrices):
    """All components share one matrix: covariances (D, D)."""

    name = "tied"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        return np.broadcast_to(covariances, (n_components, n_features, n_features))

    def select(self, covariances: np.ndarray, component: int | np.ndarray) -> np.ndarray:
        return covariances

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        # Responsibilities sum to one in each row, so that Σ_k Σ_n r x xᵀ is XᵀX, whatever they are
        # (or, of weighted rows, Xᵀ diag(w) X).
        # scikit-learn uses the same identity for its single-row starts, where they do not: our
        # starts agree with its starts because of it.
        weighted = X if sample_weight is None else X * sample_weight.unsqueeze(1)
        scatter = X.T @ weighted
        covariance = (scatter - (counts * means.T) @ means) / counts.sum()
        variances = covariance.diagonal()
        rounding = torch.finfo(X.dtype).eps * scatter.diagonal() / counts.sum()
        variances.copy_(torch.where(variances > 10 * rounding, variances, 0.0))
        return covariance

    def squared_distances(self, X: Tensor, means: Tensor, factors: Tensor) -> Tensor:
        whitened, centres = X @ factors, means @ factors
        return torch.stack([(whitened - centre).square().sum(1) for centre in centres], dim=1)

    def shift(self, means: Tensor, scales: Tensor, free: Tensor) -> Tensor:
        return means + free @ scales.mT

    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        return scales


class _Diagonal(CovarianceType):
    """Each component has a variance for each feature: covariances (K, D)."""

    name = "diag"
    has_matrices = False

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features

    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        return covariances[:, :, np.newaxis] * np.eye(n_features)

    def invert(self, covariances: np.ndarray) -> np.ndarray:
        return 1.0 / covariances

    def draw(
        self, random: np.random.RandomState, mean: np.ndarray, covariance: np.ndarray, size: int
    ) -> np.ndarray:
        return mean + random.standard_normal((size, len(mean))) * np.sqrt(covariance)

    def select(self, covariances: np.ndarray, component: int | np.ndarray) -> np.ndarray:
        return covariances[component]

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        variances = torch.stack(
            [
                weight @ (X - mean).square() / count
                for weight, count, mean in zip(responsibilities.T, counts, means, strict=True)
            ]
        )
        return _zero_below_rounding(variances, means.square())

    def add_to_diagonal(self, covariances: Tensor, value: float) -> Tensor:
        return covariances + value

    def precision_factors(self, covariances: Tensor) -> Tensor:
        if not bool((covariances > 0).all()):
            raise _collapsed()
        return covariances.rsqrt()

    def scales(self, covariances: Tensor) -> Tensor:
        return self.precision_factors(covariances).reciprocal()

    def covariances(self, scales: Tensor) -> Tensor:
        return scales.square()

    def stretch(self, scales: Tensor, free: Tensor) -> Tensor:
        return scales * free.exp()

    def shift(self, means: Tensor, scales: Tensor, free: Tensor) -> Tensor:
        return means + scales * free

    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        return scales[assignments]

    def factors_of_scales(self, scales: Tensor) -> Tensor:
        return scales.reciprocal()

    def inverse_traces(self, factors: Tensor, n_features: int) -> Tensor:
        return factors.square().sum(-1)

    def log_determinants(self, factors: Tensor, n_features: int) -> Tensor:
        return factors.log().sum(-1)

    def squared_distances(self, X: Tensor, means: Tensor, factors: Tensor) -> Tensor:
        return torch.stack(
            [
                ((X - mean) * factor).square().sum(1)
                for mean, factor in zip(means, self._of_each(factors, len(means)), strict=True)
            ],
            dim=1,
        )

    def _of_each(self, factors: Tensor, n_components: int) -> Tensor:
        return factors


class _Spherical(_Diagonal):
    """Each component has one variance: covariances (K,)."""

    name = "spherical"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components

    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        return covariances[:, np.newaxis, np.newaxis] * np.eye(n_features)

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        return super().estimate(X, responsibilities, counts, means, sample_weight).mean(1)

    def log_determinants(self, factors: Tensor, n_features: int) -> Tensor:
        return n_features * factors.log()

    def shift(self, means: Tensor, scales: Tensor, free: Tensor) -> Tensor:
        return means + scales.unsqueeze(1) * free

    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        return scales[assignments].unsqueeze(-1)

    def inverse_traces(self, factors: Tensor, n_features: int) -> Tensor:
        return n_features * factors.square()


class _TiedDiagonal(_Diagonal):
    """All components share a variance for each feature: covariances (D,)."""

    name = "tied_diag"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_features,)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features

    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        shared = covariances * np.eye(n_features)
        return np.broadcast_to(shared, (n_components, n_features, n_features))

    def select(self, covariances: np.ndarray, component: int | np.ndarray) -> np.ndarray:
        return covariances

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        return (
            counts
            @ super().estimate(X, responsibilities, counts, means, sample_weight)
            / counts.sum()
        )

    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        return scales

    def _of_each(self, factors: Tensor, n_components: int) -> Tensor:
        return factors.expand(n_components, *factors.shape)


class _TiedSpherical(_TiedDiagonal):
    """All components share one variance: covariances ()."""

    name = "tied_spherical"

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return ()

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return 1

    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        return super().estimate(X, responsibilities, counts, means, sample_weight).mean()

    def log_determinants(self, factors: Tensor, n_features: int) -> Tensor:
        return n_features * factors.log()

    def inverse_traces(self, factors: Tensor, n_features: int) -> Tensor:
        return n_features * factors.square()


_TYPES: tuple[CovarianceType, ...] = (
    _Full(),
    _Tied(),
    _Diagonal(),
    _Spherical(),
    _TiedDiagonal(),
    _TiedSpherical(),
)

COVARIANCE_TYPES: dict[str, CovarianceType] = {kind.name: kind for kind in _TYPES}
"""Every covariance type by its name."""


def covariance_type_named(name: str) -> CovarianceType:
    """The covariance type called `name`.

    Raises
    ------
    InputError
        If there is none; the message lists the names.

    Examples
    --------
    >>> covariance_type_named("diag").shape(3, 4)
    (3, 4)
    """
    if name not in COVARIANCE_TYPES:
        raise InputError(
            f"covariance_type must be one of {', '.join(COVARIANCE_TYPES)}, got {name!r}."
        )
    return COVARIANCE_TYPES[name]


def _zero_below_rounding(variances: Tensor, squares: Tensor) -> Tensor:
    # A component that sits on one row, or on copies of it, gets a variance of a few squared ulps
    # of its mean: that is no spread, and left alone it would win with an absurd likelihood.
    ulp = 1e3 * torch.finfo(variances.dtype).eps
    return torch.where(variances > ulp**2 * squares, variances, 0.0)


def _collapsed() -> InputError:
    return InputError(  # scikit-learn's words, which people search for, and one hint more
        "Fitting the mixture model failed because some components have ill-defined empirical "
        "covariance (for instance caused by singleton or collapsed samples). Try to decrease the "
        "number of components, increase reg_covar, or scale the input data. Constant and redundant "
        "columns are a cause as well: drop them."
    )
