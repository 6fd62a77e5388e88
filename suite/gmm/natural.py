"""From parameters to the coefficients of T(y), and from its sums back to parameters."""

import math

import numpy as np

from suite.gmm.batch import MixtureBatch, Precisions
from suite.gmm.moments import MOMENTS, Moments, MomentSums

_LOG_2PI = math.log(2 * math.pi)


def natural_parameters(
    moments: Moments, mixtures: MixtureBatch, precisions: Precisions, log_volume: float
) -> np.ndarray:
    """Θ, shape (S, K, M): log π_k N(y | μ_k, Σ_k) = Θ_k · T(y), but for −½ yᵀΣ⁻¹y where shared.

    Parameters
    ----------
    moments
        The covariance type.
    mixtures, precisions
        The parameters.
    log_volume
        log |det B| of the coordinates, so that densities are those of x.
    """
    means = mixtures.means
    quadratic, linear = moments.natural(precisions.values, means)
    n_quadratic, n_features = quadratic.shape[-1], means.shape[-1]
    theta = np.empty((*means.shape[:2], n_quadratic + n_features + 1))
    theta[..., :n_quadratic] = quadratic
    theta[..., n_quadratic:-1] = linear
    doubled = precisions.log_determinants - np.vecdot(linear, means)
    with np.errstate(divide="ignore"):  # a weight of zero is log 0 = −∞
        theta[..., -1] = np.log(mixtures.weights) + 0.5 * doubled
    theta[..., -1] += log_volume - 0.5 * n_features * _LOG_2PI
    return theta


def maximise(
    sums: np.ndarray, scatter: np.ndarray, covariance_type: str, ridge: np.ndarray
) -> MixtureBatch:
    """The M-step.

    Parameters
    ----------
    sums
        Σ_n r_nk T(y_n), shape (S, K, M), or any multiple of it.
    scatter
        Σ_n w_n y_n y_nᵀ, (D, D), or the same multiple.
    covariance_type, ridge
        What is estimated, and what is added to every covariance.
    """
    moments, n_features = MOMENTS[covariance_type], len(scatter)
    n_quadratic = sums.shape[-1] - n_features - 1
    # An empty component keeps a count above zero, as in scikit-learn, and so no division by zero.
    counts = sums[..., -1] + 10 * np.finfo(np.float64).eps
    means = sums[..., n_quadratic:-1] / counts[..., np.newaxis]
    covariances = moments.covariances(
        MomentSums(sums[..., :n_quadratic], counts, means, scatter, ridge)
    )
    return MixtureBatch(counts / counts.sum(1, keepdims=True), means, covariances)


def condition_numbers(mixtures: MixtureBatch, precisions: Precisions) -> np.ndarray:
    """How many times rounding is magnified in each mixture, (S,): max_k (μ_kᵀμ_k + D) ‖Σ_k⁻¹‖.

    The quadratic form of T adds terms of that size which all but cancel, near the mean of a narrow
    component that lies far out; the data's own covariance is the identity here, or its diagonal is.
    Infinite where a covariance is not positive definite.
    """
    radii = np.vecdot(mixtures.means, mixtures.means) + mixtures.means.shape[-1]
    worst: np.ndarray = (radii * precisions.norms).max(1)
    return worst
