"""Hamiltonian Monte Carlo for many data and chains side by side (Neal 2011)."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from suite.evaluation.noise import DatumNoise


class Point(NamedTuple):
    """Where the chains are: codes z (N, C, J) with log p(x | z) (N, C) and its gradient in z."""

    z: Tensor
    log_likelihood: Tensor
    gradient: Tensor


class Target(Protocol):
    """A density of z up to a factor, one per datum."""

    def evaluate(self, z: Tensor, /) -> Point:
        """The point at z, by one pass through the decoder and back."""

    def log_density(self, point: Point, /) -> Tensor:
        """Its logarithm in nats, (N, C), in float64 where the device has it."""

    def log_gradient(self, point: Point, /) -> Tensor:
        """The gradient of its logarithm in z, (N, C, J)."""


def transition(
    target: Target, point: Point, step: Tensor, n_leapfrog: int, noise: DatumNoise
) -> tuple[Point, Tensor]:
    """One step of every chain, which leaves `target` invariant, and its acceptance probability.

    A momentum p ~ N(0, I) is drawn afresh; (z, p) moves by `n_leapfrog` leapfrog steps and the
    end is accepted with probability min(1, exp(H − H′)), H = −log density(z) + ½ |p|² (Neal 2011,
    figure 2). A path that leaves the finite numbers is rejected.

    Parameters
    ----------
    step
        The length of a leapfrog step for each datum, (N,).
    """
    momentum = noise.normal(*point.z.shape[1:])
    moved, end = _leapfrog(target, point, momentum, step[:, None, None], n_leapfrog)
    before = target.log_density(point) - _kinetic_energy(momentum)
    after = target.log_density(moved) - _kinetic_energy(end)
    # A path that left the finite numbers has an energy of NaN or infinity.
    probability = (after - before).nan_to_num(nan=-torch.inf).clamp(max=0).exp()
    accepted = noise.uniform(point.z.shape[1]) < probability
    wide = accepted[..., None]
    kept = Point(
        torch.where(wide, moved.z, point.z),
        torch.where(accepted, moved.log_likelihood, point.log_likelihood),
        torch.where(wide, moved.gradient, point.gradient),
    )
    return kept, probability


def widened(values: Tensor) -> Tensor:
    """`values` in float64, in which sums are taken; as they are on MPS, which has none."""
    return values if values.device.type == "mps" else values.double()


def _leapfrog(
    target: Target, point: Point, momentum: Tensor, step: Tensor, n_leapfrog: int
) -> tuple[Point, Tensor]:
    momentum = momentum + 0.5 * step * target.log_gradient(point)
    for i in range(n_leapfrog):
        point = target.evaluate(point.z + step * momentum)
        last = i == n_leapfrog - 1
        momentum = momentum + (0.5 if last else 1.0) * step * target.log_gradient(point)
    return point, momentum


def _kinetic_energy(momentum: Tensor) -> Tensor:
    return 0.5 * widened(momentum).square().sum(-1)
