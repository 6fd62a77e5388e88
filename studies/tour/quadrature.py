"""Means and integrals over a two-dimensional code, to many digits and without random draws.

The networks that this is for are smooth (tanh), so that the trapezoidal rule over all of the plane
and Gauss-Hermite quadrature converge faster than any power of the step.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from suite.vae import VAENetworks

_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Grid:
    """Every log p(x | z) and log p(z) on a square grid of codes.

    Parameters
    ----------
    axis
        (M,), the places in either direction.
    log_likelihood
        log p(x_n | z_i), (N, M, M), nats.
    log_prior
        log p(z_i), (M, M).
    """

    axis: np.ndarray
    log_likelihood: np.ndarray
    log_prior: np.ndarray

    @property
    def codes(self) -> np.ndarray:
        """z_i, (M, M, 2)."""
        return np.stack(np.meshgrid(self.axis, self.axis, indexing="ij"), axis=-1)

    @property
    def log_cell(self) -> float:
        """The logarithm of a cell's area."""
        return 2 * math.log(self.axis[1] - self.axis[0])

    def log_marginal(self, every: int = 1) -> np.ndarray:
        """log p(x_n) = log ∫ p(z) p(x_n | z) dz, (N,), from every so-manieth place."""
        joint = (self.log_likelihood + self.log_prior)[:, ::every, ::every]
        flat = joint.reshape(len(joint), -1)
        peak = flat.max(1, keepdims=True)
        found: np.ndarray = np.log(np.exp(flat - peak).sum(1)) + peak[:, 0]
        return found + self.log_cell + 2 * math.log(every)


@torch.no_grad()
def grid_of(networks: VAENetworks, x: Tensor, *, step: float, reach: float) -> Grid:
    """The grid from −reach to reach for the images x (N, D)."""
    half = round(reach / step)
    axis = np.arange(-half, half + 1) * step
    z = torch.from_numpy(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2))
    parts = [networks.log_likelihood(x[:, None], part[None]) for part in z.split(_AT_ONCE)]
    side = len(axis)
    log_prior = -0.5 * (axis[:, None] ** 2 + axis**2) - math.log(2 * math.pi)
    return Grid(axis, torch.cat(parts, 1).numpy().reshape(len(x), side, side), log_prior)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Gauss-Hermite nodes for means under N(0, I) in two dimensions.

    Parameters
    ----------
    places
        ε_i, (M², 2).
    weights
        (M²,), summing to one.
    """

    places: Tensor
    weights: Tensor


def nodes_of(count: int) -> Nodes:
    """`count` nodes in each dimension: exact for polynomials up to the degree 2 · count − 1."""
    places, weights = np.polynomial.hermite_e.hermegauss(count)
    weights = weights / weights.sum()
    both = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    return Nodes(torch.from_numpy(both), torch.from_numpy(np.outer(weights, weights).ravel()))


def mean_log_likelihood(
    networks: VAENetworks, x: Tensor, loc: Tensor, scale: Tensor, nodes: Nodes
) -> Tensor:
    """E_q[log p(x | z)] for q = N(loc, diag(scale²)), (N,); differentiable in loc and scale."""
    found = [
        (networks.log_likelihood(x_n, m + s * nodes.places) * nodes.weights).sum()
        for x_n, m, s in zip(x, loc, scale, strict=True)
    ]
    return torch.stack(found)


def log_normal(z: np.ndarray, loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """log N(z; loc, diag(scale²)) over the last axis, nats."""
    squares = ((z - loc) / scale) ** 2
    result: np.ndarray = -(0.5 * squares + np.log(scale) + 0.5 * math.log(2 * math.pi)).sum(-1)
    return result
