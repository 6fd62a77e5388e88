"""What everything else asks of a covariance type, and no more.

N data, D features, K components.
"""

from abc import ABC, abstractmethod

import numpy as np
from torch import Tensor


class CovarianceType(ABC):
    """How the covariances of a Gaussian mixture are tied together.

    A precision factor is U with Σ⁻¹ = U Uᵀ (upper triangular for matrices, 1/σ for variances), as
    in scikit-learn's `precisions_cholesky_`.
    """

    name: str
    has_matrices: bool

    @abstractmethod
    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """The shape of `covariances_`."""

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """The number of free parameters in the covariances."""

    @abstractmethod
    def expand(self, covariances: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        """The same covariances as full matrices, of shape (K, D, D)."""

    @abstractmethod
    def invert(self, covariances: np.ndarray) -> np.ndarray:
        """Precisions in the shape of `covariances`."""

    @abstractmethod
    def draw(
        self, random: np.random.RandomState, mean: np.ndarray, covariance: np.ndarray, size: int
    ) -> np.ndarray:
        """`size` rows of one component, drawn in scikit-learn's order of random numbers."""

    @abstractmethod
    def select(self, covariances: np.ndarray, component: int | np.ndarray) -> np.ndarray:
        """The covariances of one component, or of several in the order given."""

    @abstractmethod
    def estimate(
        self,
        X: Tensor,
        responsibilities: Tensor,
        counts: Tensor,
        means: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Weighted scatter about `means`: the covariances that maximise the M-step's objective.

        Parameters
        ----------
        X
            (N, D)
        responsibilities
            (N, K), already times the weights of the rows
        counts
            (K,), the responsibilities' column sums
        means
            (K, D)
        sample_weight
            (N,), the weights of the rows; None: all one
        """

    @abstractmethod
    def add_to_diagonal(self, covariances: Tensor, value: float) -> Tensor:
        """Σ + value · I, in the shape of `covariances`."""

    @abstractmethod
    def precision_factors(self, covariances: Tensor) -> Tensor:
        """U with Σ⁻¹ = U Uᵀ, in the shape of `covariances`.

        Raises
        ------
        InputError
            If a covariance is not positive definite.
        """

    @abstractmethod
    def log_determinants(self, factors: Tensor, n_features: int) -> Tensor:
        """log |U| of every precision factor: (K,), or a scalar if all share one."""

    @abstractmethod
    def squared_distances(self, X: Tensor, means: Tensor, factors: Tensor) -> Tensor:
        """(x − μ_k)ᵀ Σ_k⁻¹ (x − μ_k), of shape (N, K)."""

    @abstractmethod
    def scales(self, covariances: Tensor) -> Tensor:
        """L with Σ = L Lᵀ (lower triangular, or σ for variances), in the shape of `covariances`.

        Raises
        ------
        InputError
            If a covariance is not positive definite.
        """

    @abstractmethod
    def factors_of_scales(self, scales: Tensor) -> Tensor:
        """The precision factors that belong to scales: U = L⁻ᵀ, or 1/σ."""

    @abstractmethod
    def covariances(self, scales: Tensor) -> Tensor:
        """Σ = L Lᵀ, or σ²: the inverse of `scales`."""

    @abstractmethod
    def stretch(self, scales: Tensor, free: Tensor) -> Tensor:
        """Scales reached from `scales` by free parameters of the same shape; 0 stays there.

        L B with B lower triangular, its diagonal exp(diag(free)), for matrices; σ exp(free) for
        variances. Any free parameters give a positive definite covariance.
        """

    @abstractmethod
    def shift(self, means: Tensor, scales: Tensor, free: Tensor) -> Tensor:
        """μ_k + L_k · free_k for each component: means moved in units of the components' scales."""

    @abstractmethod
    def gather(self, scales: Tensor, assignments: Tensor) -> Tensor:
        """The scale of each assignment: batch shape of `assignments`, or shared by all."""

    @abstractmethod
    def inverse_traces(self, factors: Tensor, n_features: int) -> Tensor:
        """tr Σ_k⁻¹ = ‖U_k‖²: (K,), or a scalar if all components share one covariance."""
