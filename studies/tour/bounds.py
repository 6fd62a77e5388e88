"""The bound F(q, θ) of a mixture, written out, and the divergence that it leaves."""

import numpy as np
from scipy.special import xlogy

from suite.gmm import MixtureParameters


def bound(X: np.ndarray, q: np.ndarray, theta: MixtureParameters) -> np.ndarray:
    """Σ_k q_nk [log π_k N(x_n | μ_k, Σ_k) − log q_nk] in nats, for each row: (N,).

    Parameters
    ----------
    X
        (N, D)
    q
        (N, K), rows that sum to one.
    """
    result: np.ndarray = (q * theta.log_joint(X)).sum(1) - xlogy(q, q).sum(1)
    return result


def divergence(X: np.ndarray, q: np.ndarray, theta: MixtureParameters) -> np.ndarray:
    """KL(q_n ‖ p(z | x_n, θ)) = Σ_k q_nk log(q_nk / r_nk) in nats, for each row: (N,)."""
    log_posterior = theta.log_joint(X) - theta.log_prob(X)[:, None]
    result: np.ndarray = xlogy(q, q).sum(1) - (q * log_posterior).sum(1)
    return result


def between(start: MixtureParameters, end: MixtureParameters, a: float) -> MixtureParameters:
    """The mixture at `a` on the straight line from `start` (0) to `end` (1), in π, μ and Σ."""
    return MixtureParameters(
        (1 - a) * start.weights + a * end.weights,
        (1 - a) * start.means + a * end.means,
        (1 - a) * start.covariances + a * end.covariances,
        start.covariance_type,
    )


def is_mixture(start: MixtureParameters, end: MixtureParameters, a: float) -> bool:
    """Whether there is a density at `a` on that line: weights and covariances all positive."""
    weights = (1 - a) * start.weights + a * end.weights
    covariances = (1 - a) * start.covariances + a * end.covariances
    return bool((weights > 0).all() and (np.linalg.eigvalsh(covariances) > 0).all())
