"""EM's step by centred distances and moments: slower than matrix products, and never inexact.

It takes over where a component is so narrow, and so far from the rest, that the quadratic form of
the fast path would lose its digits in cancellation.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from suite.gmm.batch import MixtureBatch
from suite.gmm.covariance import covariance_type_named
from suite.gmm.covariance_type import CovarianceType
from suite.gmm.feature_blocks import FeatureBlocks

_POOLED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "full": lambda scatter, counts: scatter / counts[:, None, None],
    "tied": lambda scatter, counts: scatter.sum(0) / counts.sum(),
    "diag": lambda scatter, counts: scatter / counts[:, None],
    "spherical": lambda scatter, counts: (scatter / counts[:, None]).mean(1),
    "tied_diag": lambda scatter, counts: scatter.sum(0) / counts.sum(),
    "tied_spherical": lambda scatter, counts: (scatter.sum(0) / counts.sum()).mean(),
}


def direct_step(
    blocks: FeatureBlocks, mixtures: MixtureBatch, covariance_type: str, ridge: np.ndarray
) -> tuple[MixtureBatch, np.ndarray]:
    """One EM step of each mixture, by itself: two passes over the rows, one for the means.

    Returns
    -------
    mixtures
        After the step. Their covariances may have collapsed: to be checked by the caller.
    log_likelihoods
        Before the step, in total, shape (S,).
    """
    steps = [
        _step(blocks, mixtures[i : i + 1], covariance_type, ridge) for i in range(len(mixtures))
    ]
    weights, means, covariances, totals = (np.stack(part) for part in zip(*steps, strict=True))
    return MixtureBatch(weights, means, covariances), totals


def _step(
    blocks: FeatureBlocks, mixture: MixtureBatch, covariance_type: str, ridge: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    kind = covariance_type_named(covariance_type)
    counts = torch.zeros(mixture.weights.shape[1], dtype=torch.float64)
    sums = torch.zeros(mixture.means.shape[1:], dtype=torch.float64)
    total = torch.zeros((), dtype=torch.float64)
    for Y, responsibilities, log_prob in _posterior(blocks, mixture, kind):
        counts += responsibilities.sum(0)
        sums += responsibilities.T @ Y
        total += log_prob.sum()
    counts += 10 * torch.finfo(counts.dtype).eps
    means = sums / counts.unsqueeze(1)
    scatter = torch.zeros(_scatter_shape(kind, means), dtype=means.dtype)
    for Y, responsibilities, _ in _posterior(blocks, mixture, kind):
        scatter += _scatter(Y, responsibilities, means, kind)
    _forget_rounding(scatter, counts, means, kind)
    covariances = _POOLED[covariance_type](scatter, counts).numpy() + ridge
    return (counts / counts.sum()).numpy(), means.numpy(), covariances, total.numpy()


def _posterior(
    blocks: FeatureBlocks, mixture: MixtureBatch, kind: CovarianceType
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of each block: rows (n, D), weighted responsibilities (n, K) and log-densities (n,)."""
    weights_of, means, covariances = (
        torch.tensor(values[0]) for values in (mixture.weights, mixture.means, mixture.covariances)
    )
    factors = kind.precision_factors(covariances)
    constant = kind.log_determinants(factors, means.shape[1]) + weights_of.log()
    constant = constant + blocks.log_volume - 0.5 * means.shape[1] * math.log(2 * math.pi)
    for T, weights in blocks:
        Y = T[blocks.n_quadratic : -1].T.cpu().double()
        joint = constant - 0.5 * kind.squared_distances(Y, means, factors)
        log_prob = joint.logsumexp(1)
        responsibilities = (joint - log_prob.unsqueeze(1)).exp()
        if weights is not None:
            w = weights.cpu().double()
            responsibilities, log_prob = responsibilities * w.unsqueeze(1), log_prob * w
        yield Y, responsibilities, log_prob


def _scatter_shape(kind: CovarianceType, means: Tensor) -> tuple[int, ...]:
    n_components, n_features = means.shape
    return (n_components, n_features, n_features) if kind.has_matrices else tuple(means.shape)


def _scatter(Y: Tensor, responsibilities: Tensor, means: Tensor, kind: CovarianceType) -> Tensor:
    """Σ_n r_nk (y_n − μ_k)(y_n − μ_k)ᵀ for each component, or its diagonal."""
    parts = []
    for weight, mean in zip(responsibilities.T, means, strict=True):
        centred = Y - mean
        parts.append(
            (weight * centred.T) @ centred if kind.has_matrices else weight @ centred.square()
        )
    return torch.stack(parts)


def _forget_rounding(scatter: Tensor, counts: Tensor, means: Tensor, kind: CovarianceType) -> None:
    # A component that sits on one row, or on copies of it, would get a variance of a few squared
    # ulps of its mean: that is no spread, and left alone it would win with an absurd likelihood.
    squares = scatter.diagonal(dim1=-2, dim2=-1) if kind.has_matrices else scatter
    ulp = 1e3 * torch.finfo(scatter.dtype).eps
    least = ulp**2 * counts.unsqueeze(1) * means.square()
    squares.copy_(torch.where(squares > least, squares, 0.0))
