"""The one latent-variable model of this kind whose log p(x) is known: probabilistic PCA.

    z ~ N(0, I_J),   x | z ~ N(W z + b, σ² I_D)   gives   x ~ N(b, W Wᵀ + σ² I_D)

(Tipping and Bishop 1999). A variational autoencoder with an affine decoder and a Gaussian
likelihood is this model, so that every bound and estimate of log p(x) can be held against it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

from suite.errors import InputError

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    """The parameters of z ~ N(0, I), x | z ~ N(W z + b, variance · I).

    Parameters
    ----------
    W
        The loadings (D, J).
    b
        The mean (D,).
    variance
        σ², positive.
    """

    W: FloatArray
    b: FloatArray
    variance: float


@dataclass(frozen=True, eq=False)
class LinearGaussianPosterior:
    """p(z | x) = N(mean, covariance) for N data.

    Parameters
    ----------
    mean
        (N, J)
    covariance
        (J, J), the same for every datum.
    """

    mean: FloatArray
    covariance: FloatArray


def linear_gaussian_log_likelihood(X: ArrayLike, model: LinearGaussian) -> FloatArray:
    """log N(x; b, W Wᵀ + σ² I) in nats for each row of X (N, D): (N,).

    With M = Wᵀ W + σ² I_J, by the matrix inversion and determinant lemmas (Tipping and Bishop
    1999, equation 4 and appendix A), in O(N D J):

        −½ [ D log 2π + (D − J) log σ² + log |M| + (|x − b|² − |L⁻¹ Wᵀ (x − b)|²) / σ² ],  M = L Lᵀ.

    Raises
    ------
    InputError
        If the shapes do not fit, a number is not finite or the variance is not positive.

    Examples
    --------
    >>> model = LinearGaussian(W=np.zeros((2, 1)), b=np.zeros(2), variance=1.0)
    >>> linear_gaussian_log_likelihood([[0.0, 0.0]], model).round(4)
    array([-1.8379])
    """
    centred, W = _checked(X, model)
    D, J = W.shape
    factor = np.linalg.cholesky(_capacitance(W, model.variance))
    projected = np.linalg.solve(factor, (centred @ W).T)
    squares = ((centred**2).sum(1) - (projected**2).sum(0)) / model.variance
    log_determinant = (D - J) * math.log(model.variance) + 2 * np.log(np.diag(factor)).sum()
    log_likelihood: FloatArray = -0.5 * (D * math.log(2 * math.pi) + log_determinant + squares)
    return log_likelihood


def linear_gaussian_posterior(X: ArrayLike, model: LinearGaussian) -> LinearGaussianPosterior:
    """N(M⁻¹ Wᵀ (x − b), σ² M⁻¹) for each row of X (N, D), with M = Wᵀ W + σ² I.

    It is Tipping and Bishop 1999, equation 7. The covariance is diagonal, as a VAE's encoder has
    it, where the columns of W are orthogonal.

    Raises
    ------
    InputError
        As `linear_gaussian_log_likelihood`.

    Examples
    --------
    >>> model = LinearGaussian(W=np.ones((1, 1)), b=np.zeros(1), variance=1.0)
    >>> found = linear_gaussian_posterior([[2.0]], model)
    >>> float(found.mean[0, 0].round(12)), float(found.covariance[0, 0].round(12))
    (1.0, 0.5)
    """
    centred, W = _checked(X, model)
    factor = cho_factor(_capacitance(W, model.variance))
    return LinearGaussianPosterior(
        mean=cho_solve(factor, (centred @ W).T).T,
        covariance=model.variance * cho_solve(factor, np.eye(W.shape[1])),
    )


def probabilistic_pca(X: ArrayLike, latent_dim: int) -> LinearGaussian:
    """The maximum of the likelihood of X (N, D): no linear-Gaussian VAE has a better bound.

    With the eigenvalues λ₁ ≥ … ≥ λ_D and vectors u of the covariance (divided by N),
    σ² = mean(λ_{J+1}, …, λ_D) and W = [u_j √(λ_j − σ²)] (Tipping and Bishop 1999, equations 7 and
    8). The columns of W are orthogonal, so that the exact posterior is within an encoder's reach
    and the ELBO's maximum is the likelihood's (Lucas et al. 2019).

    Raises
    ------
    InputError
        If `latent_dim` is not from 1 to D − 1, X is no finite matrix, or nothing is left over
        beyond J directions, so that σ² is 0 and the likelihood has no maximum.

    Examples
    --------
    >>> model = probabilistic_pca([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]], 1)
    >>> float(np.round(model.variance, 12)), np.abs(model.W).round(12).ravel().tolist()
    (0.5, [2.0, 0.0])
    """
    data = _matrix("X", X)
    D = data.shape[1]
    if not 1 <= latent_dim < D:
        raise InputError(
            f"latent_dim must be from 1 to {D - 1}, one less than the columns of X, got "
            f"{latent_dim}."
        )
    b = data.mean(0)
    values, vectors = np.linalg.eigh((data - b).T @ (data - b) / len(data))
    values, vectors = values[::-1], vectors[:, ::-1]
    variance = float(values[latent_dim:].mean())
    if variance <= D * np.finfo(float).eps * values[0]:
        raise InputError(
            f"X must vary beyond its first {latent_dim} principal directions, got none left over; "
            "take a smaller latent_dim."
        )
    leading = np.sqrt(np.maximum(values[:latent_dim] - variance, 0))
    return LinearGaussian(W=vectors[:, :latent_dim] * leading, b=b, variance=variance)


def _capacitance(W: FloatArray, variance: float) -> FloatArray:
    M: FloatArray = W.T @ W + variance * np.eye(W.shape[1])
    return M


def _checked(X: ArrayLike, model: LinearGaussian) -> tuple[FloatArray, FloatArray]:
    """X − b and W, in float64."""
    data, W, b = _matrix("X", X), _matrix("W", model.W), np.asarray(model.b, dtype=np.float64)
    if data.shape[1] != len(W) or b.shape != (len(W),):
        raise InputError(
            f"X (N, D), W (D, J) and b (D,) must agree in D, got shapes {data.shape}, {W.shape} "
            f"and {b.shape}."
        )
    if not (np.isfinite(b).all() and 0 < model.variance < math.inf):
        raise InputError(
            f"b must be finite and the variance a positive number, got {model.variance!r} for the "
            "variance."
        )
    return data - b, W


def _matrix(name: str, values: ArrayLike) -> FloatArray:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
        raise InputError(
            f"{name} must be a finite matrix with at least one row and one column, got shape "
            f"{matrix.shape}; drop or impute what is missing."
        )
    return matrix
