"""The Laplace likelihood with one learned scale."""

import math

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor

from suite.vae.likelihoods.base import Likelihood, Parameters
from suite.vae.likelihoods.checks import accept_any


def _log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """−Σ_d |x_d − μ_d| / b − D log 2b."""
    loc, log_scale = parameters
    distances = (x - loc).abs().sum(-1) * (-log_scale).exp()
    return -distances - x.shape[-1] * (log_scale + math.log(2))


def _mean(parameters: Parameters) -> Tensor:
    return parameters[0]


def _draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    """The quantile −b sign(u) log(1 − 2|u|) of a uniform u on (−½, ½)."""
    loc, log_scale = parameters
    uniform = torch.rand(loc.shape, generator=generator, dtype=loc.dtype, device=loc.device) - 0.5
    # rand can give 0, whose quantile is −∞: the least that it tells from 0 stands for that.
    depth = torch.log1p((-2 * uniform.abs()).clamp(min=torch.finfo(loc.dtype).eps / 2 - 1))
    return loc - log_scale.exp() * uniform.sign() * depth


def _distribution(parameters: Parameters) -> TorchDistributionMixin:
    loc, log_scale = parameters
    return dist.Laplace(loc, log_scale.exp(), validate_args=False).to_event(1)


def _start(X: Tensor) -> tuple[Tensor, Tensor]:
    """The mean row, and the mean distance from it (1 where it is 0)."""
    mean = X.mean(0)
    distance = (X - mean).abs().mean()
    return mean, (distance if distance > 0 else torch.ones_like(distance)).log()


LAPLACE = Likelihood(
    name="laplace",
    description="Laplace with one learned scale for all features",
    kind="density",
    learned_scale=True,
    log_prob=_log_prob,
    mean=_mean,
    draw=_draw,
    distribution=_distribution,
    check_training=accept_any,
    check_scoring=accept_any,
    redraw=None,
    start=_start,
)
"""p(x | z) = Π_d exp(−|x_d − μ_d| / b) / 2b, with one b for the reason that the Gaussian has."""
