"""The parameters of a Gaussian mixture as data: one object for starts, results and densities."""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import log_softmax, logsumexp

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named

_WEIGHT_SUM_TOLERANCE = 1e-5  # admits weights that were computed in single precision


class FittedMixture(Protocol):
    """Anything with scikit-learn's names for what a mixture has learned."""

    covariance_type: str
    weights_: Any
    means_: Any
    covariances_: Any


@dataclass(frozen=True, eq=False, repr=False)
class MixtureParameters:
    """Weights, means and covariances of a Gaussian mixture with density

        p(x) = Σ_k π_k N(x | μ_k, Σ_k).

    It is plain data: float64 arrays that cannot be written to. Every mixture estimator takes one
    as its start (`initial`), and the evaluation scores one whatever it came from. Densities are
    computed here with NumPy and SciPy, apart from the estimators' own code.

    Parameters
    ----------
    weights
        π, shape (K,), not negative, summing to one.
    means
        μ, shape (K, D).
    covariances
        Σ in scikit-learn's shape for the type: full (K, D, D), tied (D, D), diag (K, D),
        spherical (K,); tied_diag (D,), tied_spherical ().
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".

    Raises
    ------
    InputError
        If shapes, weights or values do not fit together.

    Examples
    --------
    >>> mixture = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> mixture.responsibilities([[0.0]]).tolist()
    [[0.5, 0.5]]
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    covariance_type: str = "full"

    def __post_init__(self) -> None:
        for name in ("weights", "means", "covariances"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        _check(self)

    def __repr__(self) -> str:
        return (
            f"MixtureParameters(n_components={self.n_components}, n_features={self.n_features}, "
            f"covariance_type={self.covariance_type!r})"
        )

    @property
    def n_components(self) -> int:
        """K, the number of components."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """D, the number of features."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """The number of free parameters: K − 1 weights, K·D means and the covariances'."""
        kind = covariance_type_named(self.covariance_type)
        covariances = kind.n_parameters(self.n_components, self.n_features)
        return self.n_components - 1 + self.means.size + covariances

    def component_log_density(self, X: ArrayLike) -> np.ndarray:
        """log N(x | μ_k, Σ_k) for each row and component, in nats.

        Parameters
        ----------
        X
            (N, D)

        Returns
        -------
        (N, K)
        """
        rows = self._rows(X)
        densities = np.empty((len(rows), self.n_components))
        constant = -0.5 * self.n_features * np.log(2 * np.pi)
        for k, covariance in enumerate(self.full_covariances()):
            try:
                factor = cholesky(covariance, lower=True)
            except LinAlgError:
                raise InputError(
                    f"the covariance of component {k} is not positive definite, so that the "
                    "mixture has no density; raise reg_covar."
                ) from None
            scaled = solve_triangular(factor, (rows - self.means[k]).T, lower=True)
            log_determinant = np.log(np.diag(factor)).sum()
            densities[:, k] = constant - log_determinant - 0.5 * np.square(scaled).sum(0)
        return densities

    def log_joint(self, X: ArrayLike) -> np.ndarray:
        """log π_k + log N(x | μ_k, Σ_k), shape (N, K), in nats."""
        with np.errstate(divide="ignore"):  # a weight of zero is log 0 = −∞
            return self.component_log_density(X) + np.log(self.weights)

    def log_prob(self, X: ArrayLike) -> np.ndarray:
        """log p(x) for each row, shape (N,), in nats."""
        result: np.ndarray = logsumexp(self.log_joint(X), axis=1)
        return result

    def responsibilities(self, X: ArrayLike) -> np.ndarray:
        """p(z = k | x), shape (N, K): the exact posterior of the assignments."""
        result: np.ndarray = np.exp(log_softmax(self.log_joint(X), axis=1))
        return result

    def full_covariances(self) -> np.ndarray:
        """The covariances as matrices, shape (K, D, D), whatever their type."""
        kind = covariance_type_named(self.covariance_type)
        return kind.expand(self.covariances, self.n_components, self.n_features)

    def precisions(self) -> np.ndarray:
        """Σ⁻¹ in the shape of `covariances`: scikit-learn's `precisions_init`."""
        return covariance_type_named(self.covariance_type).invert(self.covariances)

    def permuted(self, order: ArrayLike) -> "MixtureParameters":
        """The same mixture with its components in another order.

        Parameters
        ----------
        order
            (K,), a permutation of 0 … K − 1; the new component i is the old `order[i]`.
        """
        indices = np.asarray(order)
        if sorted(indices.tolist()) != list(range(self.n_components)):
            raise InputError(
                f"order must be a permutation of 0 to {self.n_components - 1}, got {order!r}."
            )
        kind = covariance_type_named(self.covariance_type)
        return MixtureParameters(
            self.weights[indices],
            self.means[indices],
            kind.select(self.covariances, indices),
            self.covariance_type,
        )

    def project(self, basis: ArrayLike, offset: ArrayLike = 0.0) -> "MixtureParameters":
        """The mixture of y = Bᵀ(x − offset), which is a mixture with full covariances BᵀΣB.

        Parameters
        ----------
        basis
            B, shape (D, P); P = 2 for a picture.
        offset
            (D,), or one number.
        """
        B = np.asarray(basis, dtype=np.float64)
        covariances = B.T @ self.full_covariances() @ B
        return MixtureParameters(self.weights, (self.means - offset) @ B, covariances, "full")

    def sample(
        self, n_samples: int, random: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows and the components they came from, ordered by component.

        Returns
        -------
        X
            (n_samples, D)
        labels
            (n_samples,), int64
        """
        kind = covariance_type_named(self.covariance_type)
        counts = random.multinomial(n_samples, self.weights / self.weights.sum())
        rows = [
            kind.draw(random, mean, kind.select(self.covariances, k), int(count))
            for k, (mean, count) in enumerate(zip(self.means, counts, strict=True))
        ]
        return np.vstack(rows), np.repeat(np.arange(self.n_components), counts)

    def to_dict(self) -> dict[str, Any]:
        """Lists and strings only, fit for JSON; floats survive to the last digit."""
        return {
            "covariance_type": self.covariance_type,
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        names = ("weights", "means", "covariances", "covariance_type")
        missing = [name for name in names if name not in values]
        if missing:
            raise InputError(f"mixture parameters need {', '.join(names)}; missing: {missing}.")
        return cls(*(values[name] for name in names))

    @classmethod
    def from_estimator(cls, estimator: FittedMixture) -> Self:
        """What a fitted mixture, ours or scikit-learn's, has learned."""
        return cls(
            np.asarray(estimator.weights_),
            np.asarray(estimator.means_),
            np.asarray(estimator.covariances_),
            estimator.covariance_type,
        )

    def _rows(self, X: ArrayLike) -> np.ndarray:
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise InputError(
                f"expected rows of {self.n_features} features, got an array of shape {rows.shape}."
            )
        return rows


@dataclass(frozen=True, eq=False)
class MixtureState:
    """Where a mixture's fit stands: what `Progress.state()` gives.

    Parameters
    ----------
    parameters
        The parameters after this step.
    responsibilities
        q(z | x), shape (N, K): the posterior that the step's objective was computed with. EM: the
        E-step's, from the parameters before the step. None: the exact posterior at `parameters`.
    """

    parameters: MixtureParameters
    responsibilities: np.ndarray | None = None


def _check(parameters: MixtureParameters) -> None:
    kind = covariance_type_named(parameters.covariance_type)
    weights, means = parameters.weights, parameters.means
    if weights.ndim != 1 or means.ndim != 2 or len(weights) != len(means) or means.size == 0:
        raise InputError(
            "expected weights of shape (K,) and means of shape (K, D), got "
            f"{weights.shape} and {means.shape}."
        )
    shape = kind.shape(len(means), means.shape[1])
    if parameters.covariances.shape != shape:
        raise InputError(
            f"{kind.name} covariances of {len(means)} components in {means.shape[1]} dimensions "
            f"have shape {shape}, got {parameters.covariances.shape}."
        )
    if not all(np.isfinite(a).all() for a in (weights, means, parameters.covariances)):
        raise InputError("mixture parameters must be finite, got NaN or infinity.")
    if (weights < 0).any() or abs(weights.sum() - 1) > _WEIGHT_SUM_TOLERANCE:
        raise InputError(f"weights must not be negative and must sum to 1, got {weights.tolist()}.")
