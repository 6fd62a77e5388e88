"""The Bernoulli likelihood, of bits, and the convention of scoring grey pixels by it."""

from typing import Any

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
    if logits.shape == x.shape:
        total: Tensor = _SumOfLogs.apply(x, logits)
        return total
    return dot(x, logits) - _softplus(logits).sum(-1)


class BitsFromLogits(dist.TorchDistribution):
    """D independent bits for Pyro, with D as its event and the same arithmetic as by hand.

    It stands for `Bernoulli(logits=l).to_event(1)`, and builds one object a step in the place of
    two, whose gradient is one formula.

    Parameters
    ----------
    logits
        l, (…, D).
    """

    arg_constraints = {"logits": dist.constraints.real_vector}  # noqa: RUF012
    support = dist.constraints.independent(dist.constraints.boolean, 1)

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        """E[x], the probabilities of 1."""
        return self.logits.sigmoid()

    @property
    def variance(self) -> Tensor:
        """p (1 − p)."""
        return self.mean * (-self.logits).sigmoid()

    def expand(self, batch_shape: torch.Size, _instance: object | None = None) -> "BitsFromLogits":
        """The same distribution, repeated."""
        return BitsFromLogits(self.logits.expand(*batch_shape, self.logits.shape[-1]))

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """Bits of shape (*sample_shape, …, D)."""
        shape = torch.Size(sample_shape) + self.logits.shape
        with torch.no_grad():
            return torch.bernoulli(self.mean.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(x | l) in nats, summed over D."""
        return log_prob(value, (self.logits,))


class _SumOfLogs(torch.autograd.Function):
    """`log_prob` of x and l of one shape, with its derivatives x − σ(l) and l written out.

    Left to autograd they would be three tensors of (…, D), of which two are added up.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, logits: Tensor) -> Tensor:
        return (x * logits - _softplus(logits)).sum(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, logits = ctx.saved_tensors
        slope = slopes[0].unsqueeze(-1)
        of_x = slope * logits if ctx.needs_input_grad[0] else None
        of_logits = (x - logits.sigmoid()) * slope if ctx.needs_input_grad[1] else None
        return of_x, of_logits


def _softplus(logits: Tensor) -> Tensor:
    # Beyond the threshold softplus(l) is l: 50 keeps that exact in float64, where 20 does not.
    return functional.softplus(logits, threshold=50)


def _mean(parameters: Parameters) -> Tensor:
    return parameters[0].sigmoid()


def _draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    return redraw_bits(_mean(parameters), generator)


def _distribution(parameters: Parameters) -> TorchDistributionMixin:
    return BitsFromLogits(parameters[0])


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
