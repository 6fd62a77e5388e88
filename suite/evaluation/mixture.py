"""How well a Gaussian mixture explains data, from its parameters alone.

NumPy and SciPy, in float64, apart from every estimator's own code. Per-row values and means are in
nats per datum, on the scale of X.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, xlogy

from suite.errors import InputError
from suite.gmm.parameters import MixtureParameters

_ROW_SUM_TOLERANCE = 1e-4  # admits responsibilities that were computed in single precision


def mixture_log_likelihood(parameters: MixtureParameters, X: ArrayLike) -> np.ndarray:
    """log p(x) = log Σ_k π_k N(x | μ_k, Σ_k) for each row, shape (N,), in nats.

    Parameters
    ----------
    parameters
        The mixture.
    X
        (N, D)

    Examples
    --------
    >>> standard = MixtureParameters([1.0], [[0.0]], [1.0], "spherical")
    >>> mixture_log_likelihood(standard, [[0.0]]).round(4).tolist()
    [-0.9189]
    """
    return parameters.log_prob(X)


def mixture_elbo(
    parameters: MixtureParameters, X: ArrayLike, responsibilities: ArrayLike | None = None
) -> float:
    """The evidence lower bound, in nats per datum:

        L = (1/N) Σ_n Σ_k r_nk (log π_k + log N(x_n | μ_k, Σ_k) − log r_nk).

    Parameters
    ----------
    parameters
        The mixture.
    X
        (N, D)
    responsibilities
        q(z | x), shape (N, K), rows summing to one. None: the exact posterior, for which the bound
        is the log-likelihood.

    Raises
    ------
    InputError
        If the responsibilities are no distributions over the components of each row.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> exact = mixture_log_likelihood(pair, [[0.0]]).mean()
    >>> bool(abs(mixture_elbo(pair, [[0.0]]) - exact) < 1e-12)
    True
    >>> round(float(exact) - mixture_elbo(pair, [[0.0]], [[1.0, 0.0]]), 6)  # log 2
    0.693147
    """
    log_joint = parameters.log_joint(X)
    q = _responsibilities(log_joint, responsibilities)
    # 0 · (−∞) = 0: a component that q rules out adds nothing, whatever its density.
    energy = np.multiply(q, log_joint, out=np.zeros_like(q), where=q > 0)
    return float((energy - xlogy(q, q)).sum(axis=1).mean())


def mixture_gap(
    parameters: MixtureParameters, X: ArrayLike, responsibilities: ArrayLike | None = None
) -> float:
    """What the bound lacks: mean KL(q(z | x) ‖ p(z | x)) ≥ 0, in nats per datum.

    It is summed as a divergence, not as the difference of log-likelihood and ELBO, and so keeps its
    digits when it is small. `parameters`, X and `responsibilities` are as for `mixture_elbo`; the
    exact posterior, None, gives 0.

    Examples
    --------
    >>> pair = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> round(mixture_gap(pair, [[0.0]], [[1.0, 0.0]]), 6), mixture_gap(pair, [[0.0]])
    (0.693147, 0.0)
    """
    log_joint = parameters.log_joint(X)
    q = _responsibilities(log_joint, responsibilities)
    log_posterior = log_softmax(log_joint, axis=1)
    cross = np.multiply(q, log_posterior, out=np.zeros_like(q), where=q > 0)
    return float((xlogy(q, q) - cross).sum(axis=1).mean())


def _responsibilities(log_joint: np.ndarray, given: ArrayLike | None) -> np.ndarray:
    if given is None:
        posterior: np.ndarray = np.exp(log_softmax(log_joint, axis=1))
        return posterior
    q = np.asarray(given, dtype=np.float64)
    if q.shape != log_joint.shape:
        raise InputError(f"expected responsibilities of shape {log_joint.shape}, got {q.shape}.")
    if not ((q >= 0).all() and np.allclose(q.sum(axis=1), 1.0, rtol=0, atol=_ROW_SUM_TOLERANCE)):
        raise InputError("responsibilities must not be negative and must sum to 1 in each row.")
    return q
