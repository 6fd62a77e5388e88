"""Normals of independent dimensions for Pyro, as a VAE's prior and posterior."""

import math

import pyro.distributions as dist
import torch
from torch import Tensor
from torch.distributions import register_kl


class IndependentNormal(dist.TorchDistribution):
    """N(loc, diag(scale²)) with J as its event dimension.

    It stands for `Normal(loc, scale).to_event(1)`: one object in the place of two, with nothing
    to broadcast, which at every step of a fit is a good part of what Pyro costs.

    Parameters
    ----------
    loc, scale
        Each (…, J), of one shape.
    """

    arg_constraints = {  # noqa: RUF012
        "loc": dist.constraints.real_vector,
        "scale": dist.constraints.independent(dist.constraints.positive, 1),
    }
    support = dist.constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        self.loc, self.scale = loc, scale
        super().__init__(loc.shape[:-1], loc.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        """The location."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The squared scale."""
        return self.scale.square()

    def expand(
        self, batch_shape: torch.Size, _instance: object | None = None
    ) -> "IndependentNormal":
        """The same distribution, repeated."""
        shape = (*batch_shape, self.loc.shape[-1])
        return IndependentNormal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """loc + scale · ε, ε ~ N(0, I) from torch's default generator."""
        shape = torch.Size(sample_shape) + self.loc.shape
        return self.loc + self.scale * torch.randn(
            shape, dtype=self.loc.dtype, device=self.loc.device
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(value | loc, diag(scale²)) in nats, summed over J."""
        squares = ((value - self.loc) / self.scale).square()
        constant = 0.5 * math.log(2 * math.pi)
        return -(0.5 * squares + self.scale.log() + constant).sum(-1)


class StandardNormal(IndependentNormal):
    """N(0, I), with zeros and ones of the shape (…, J)."""


@register_kl(IndependentNormal, IndependentNormal)
def _kl(q: IndependentNormal, p: IndependentNormal) -> Tensor:
    """½ Σ_j ((loc_q − loc_p)² / scale_p² + r_j − 1 − log r_j),  r = (scale_q / scale_p)²."""
    ratio = (q.scale / p.scale).square()
    distance = ((q.loc - p.loc) / p.scale).square()
    return 0.5 * (distance + ratio - 1 - ratio.log()).sum(-1)


@register_kl(IndependentNormal, StandardNormal)
def _kl_from_standard(q: IndependentNormal, p: StandardNormal) -> Tensor:
    """½ Σ_j (loc_j² + scale_j² − 1 − log scale_j²) (Kingma and Welling 2014, appendix B)."""
    variance = q.scale.square()
    return 0.5 * (q.loc.square() + variance - 1 - variance.log()).sum(-1)
