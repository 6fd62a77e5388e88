"""The Bernoulli likelihood, of bits, and the convention of scoring grey pixels by it."""

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor
from torch.nn import functional

from suite.vae.likelihoods.base import Likelihood, Parameters
from suite.vae.likelihoods.checks import check_bits, check_unit_interval
from suite.vae.likelihoods.products import dot
from suite.vae.likelihoods.redrawing import redraw_bits


def log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """Σ_d x_d l_d − log(1 + exp l_d), which is Σ_d x_d log p_d + (1 − x_d) log(1 − p_d)."""
    (logits,) = parameters
    # Beyond the threshold softplus(l) is l: 50 keeps that exact in float64, where 20 does not.
    log_normaliser = functional.softplus(logits, threshold=50)
    if logits.shape == x.shape:
        return (x * logits - log_normaliser).sum(-1)
    return dot(x, logits) - log_normaliser.sum(-1)


def _mean(parameters: Parameters) -> Tensor:
    return parameters[0].sigmoid()


def _draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    return redraw_bits(_mean(parameters), generator)


def _distribution(parameters: Parameters) -> TorchDistributionMixin:
    return dist.Bernoulli(logits=parameters[0], validate_args=False).to_event(1)


def _start(X: Tensor) -> tuple[Tensor, None]:
    """The logit of the mean image, clipped to [0.001, 0.999] (Burda et al. 2016, their code)."""
    return X.mean(0).clamp(0.001, 0.999).logit(), None


BERNOULLI = Likelihood(
    name="bernoulli",
    description="Bernoulli on bits; grey training pixels are redrawn as bits whenever seen",
    kind="bits",
    learned_scale=False,
    log_prob=log_prob,
    mean=_mean,
    draw=_draw,
    distribution=_distribution,
    check_training=check_unit_interval,
    check_scoring=check_bits,
    redraw=redraw_bits,
    start=_start,
)
"""p(x | z) = Π_d p_d^x_d (1 − p_d)^(1 − x_d), of bits."""

BERNOULLI_GREY = Likelihood(
    name="bernoulli-grey",
    description="Bernoulli cross-entropy on grey pixels: a convention, not a density",
    kind="none",
    learned_scale=False,
    log_prob=log_prob,
    mean=_mean,
    draw=_draw,
    distribution=_distribution,
    check_training=check_unit_interval,
    check_scoring=check_unit_interval,
    redraw=None,
    start=_start,
)
"""The same formula for x in between, as tutorials have it: it integrates to no constant."""
