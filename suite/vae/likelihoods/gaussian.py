"""The Gaussian likelihood with one learned scale."""

import math

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor

from suite.vae.likelihoods.base import Likelihood, Parameters
from suite.vae.likelihoods.checks import accept_any


def _log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """−½ Σ_d ((x_d − μ_d)/σ)² − D log σ − ½ D log 2π."""
    loc, log_scale = parameters
    squares = ((x - loc) * (-log_scale).exp()).square().sum(-1)
    return -0.5 * squares - x.shape[-1] * (log_scale + 0.5 * math.log(2 * math.pi))


def _mean(parameters: Parameters) -> Tensor:
    return parameters[0]


def _draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    loc, log_scale = parameters
    noise = torch.randn(loc.shape, generator=generator, dtype=loc.dtype, device=loc.device)
    return loc + log_scale.exp() * noise


def _distribution(parameters: Parameters) -> TorchDistributionMixin:
    loc, log_scale = parameters
    return dist.Normal(loc, log_scale.exp(), validate_args=False).to_event(1)


def _start(X: Tensor) -> tuple[Tensor, Tensor]:
    """The mean row, and the root mean square of what is left (1 where nothing is)."""
    mean = X.mean(0)
    variance = (X - mean).square().mean()
    return mean, 0.5 * (variance if variance > 0 else torch.ones_like(variance)).log()


GAUSSIAN = Likelihood(
    name="gaussian",
    description="Gaussian with one learned scale for all features",
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
"""p(x | z) = N(μ, σ² I) with one σ: a scale for each pixel would fall to 0 where a pixel is
constant, as the border of most images is, and take the likelihood to infinity."""
