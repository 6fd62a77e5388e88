"""One EM step as a differentiable map of a mixture's free parameters.

It shares no code with the estimators: it is what their convergence is held against.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.gmm.parameters import MixtureParameters


@dataclass(frozen=True)
class Structure:
    """How one covariance type is told by its free numbers.

    Parameters
    ----------
    collect
        (Σ as (K, D, D), weights (K,)) → the free numbers of the covariances that maximise the
        M-step's objective, if Σ holds each component's own weighted scatter about its mean.
    expand
        (free numbers, K, D) → Σ as (K, D, D).
    """

    collect: Callable[[Tensor, Tensor], Tensor]
    expand: Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True)
class Chart:
    """The free parameters of a mixture in a row: K − 1 weights, K·D means, the covariances'."""

    n_components: int
    n_features: int
    covariance_type: str

    def free(self, parameters: MixtureParameters) -> Tensor:
        """The free parameters of a mixture of this form, shape (P,)."""
        weights = torch.tensor(parameters.weights)
        covariances = torch.tensor(parameters.full_covariances())
        return self._joined(weights, torch.tensor(parameters.means), covariances)

    def em_step(self, X: Tensor, free: Tensor) -> Tensor:
        """The free parameters after one EM step on X (N, D), without regularisation."""
        weights, means, covariances = self._split(free)
        posterior = _log_joint(X, weights, means, covariances).softmax(1)
        counts = posterior.sum(0)
        means = posterior.T @ X / counts[:, None]
        deviations = X - means[:, None]
        scatters = (deviations * posterior.T[:, :, None]).mT @ deviations / counts[:, None, None]
        return self._joined(counts / len(X), means, scatters)

    def _joined(self, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
        collected = _STRUCTURES[self.covariance_type].collect(covariances, weights)
        return torch.cat([weights[:-1], means.flatten(), collected.flatten()])

    def _split(self, free: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        K, D = self.n_components, self.n_features
        first, means, rest = free.split([K - 1, K * D, len(free) - (K - 1) - K * D])
        weights = torch.cat([first, 1 - first.sum(0, keepdim=True)])
        covariances = _STRUCTURES[self.covariance_type].expand(rest, K, D)
        return weights, means.reshape(K, D), covariances


def _log_joint(X: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    factors = torch.linalg.cholesky(covariances)
    deviations = (X - means[:, None]).mT
    scaled = torch.linalg.solve_triangular(factors, deviations, upper=False)
    log_determinants = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    constant = 0.5 * X.shape[1] * math.log(2 * math.pi)
    return (weights.log() - log_determinants - constant)[None] - 0.5 * scaled.square().sum(1).T


def _average(covariances: Tensor, weights: Tensor) -> Tensor:
    return (weights[:, None, None] * covariances).sum(0)


def _lower(matrices: Tensor) -> Tensor:
    row, column = torch.tril_indices(*matrices.shape[-2:])
    return matrices[..., row, column]


def _symmetric(free: Tensor, n_matrices: int, D: int) -> Tensor:
    row, column = torch.tril_indices(D, D)
    place = torch.zeros(D, D, dtype=torch.long)
    place[row, column] = place[column, row] = torch.arange(len(row))
    return free.reshape(n_matrices, -1)[:, place]


def _diagonals(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1)


_STRUCTURES: dict[str, Structure] = {
    "full": Structure(lambda S, w: _lower(S), _symmetric),
    "tied": Structure(
        lambda S, w: _lower(_average(S, w)),
        lambda free, K, D: _symmetric(free, 1, D).expand(K, D, D),
    ),
    "diag": Structure(
        lambda S, w: _diagonals(S),
        lambda free, K, D: torch.diag_embed(free.reshape(K, D)),
    ),
    "spherical": Structure(
        lambda S, w: _diagonals(S).mean(-1),
        lambda free, K, D: free[:, None, None] * torch.eye(D, dtype=free.dtype),
    ),
    "tied_diag": Structure(
        lambda S, w: _diagonals(_average(S, w)),
        lambda free, K, D: torch.diag_embed(free).expand(K, D, D),
    ),
    "tied_spherical": Structure(
        lambda S, w: _diagonals(_average(S, w)).mean(-1, keepdim=True),
        lambda free, K, D: (free[:, None] * torch.eye(D, dtype=free.dtype)).expand(K, D, D),
    ),
}
