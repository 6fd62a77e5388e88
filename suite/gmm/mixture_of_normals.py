"""The Pyro distribution of a row whose component has been summed out."""

from typing import Any

import pyro.distributions as dist
import torch
from pyro.distributions import constraints
from torch import Size, Tensor

from suite.gmm.assigned_normal import drawn_rows
from suite.gmm.covariance_type import CovarianceType
from suite.gmm.log_table import PreparedRows, component_log_density


class MixtureOfNormals(dist.TorchDistribution):
    """p(x) = Σ_k π_k N(x | μ_k, Σ_k), as a distribution over rows x.

    It is what `MixtureSameFamily(Categorical(logits), MultivariateNormal(locs, scale_tril))` says,
    by matrix products that build no tensor of N × K × D.

    Parameters
    ----------
    log_weights
        log π, shape (..., K); it is normalised here.
    locs
        μ, shape (..., K, D).
    scales
        L with Σ = L Lᵀ, or σ, in the shape of the covariance type behind the same leading axes.
        Leading axes end in an axis of length 1, which is that of the rows' plate.
    kind
        The covariance type.
    prepared
        What was made ready for the rows that `log_prob` will be asked for, if anything was.
    """

    arg_constraints = {  # noqa: RUF012 - torch's own name and form
        "log_weights": constraints.real_vector,
        "locs": constraints.independent(constraints.real, 2),
    }
    support = constraints.real_vector

    def __init__(
        self,
        log_weights: Tensor,
        locs: Tensor,
        scales: Tensor,
        kind: CovarianceType,
        *,
        prepared: PreparedRows | None = None,
        batch_shape: Size | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.log_weights = log_weights.log_softmax(-1)
        self.locs, self.scales, self.kind, self.prepared = locs, scales, kind, prepared
        super().__init__(
            locs.shape[:-2] if batch_shape is None else batch_shape,
            locs.shape[-1:],
            validate_args=validate_args,
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> "MixtureOfNormals":
        """The same distribution with a larger batch shape, without copying."""
        return MixtureOfNormals(
            self.log_weights,
            self.locs,
            self.scales,
            self.kind,
            prepared=self.prepared,
            batch_shape=Size(batch_shape),
            validate_args=False,
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """log Σ_k π_k N(x | μ_k, Σ_k), shape: leading axes broadcast with the rows'."""
        table = component_log_density(value, self.locs, self.scales, self.kind, self.prepared)
        row_axes = value.dim() - 1
        log_weights = self.log_weights
        if log_weights.dim() > 1:
            log_weights = log_weights.squeeze(-2)
        log_weights = log_weights.reshape(*log_weights.shape, *(1,) * row_axes)
        return (table + log_weights).logsumexp(-1 - row_axes)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """z ~ Categorical(π), then x = μ_z + L_z ε with ε ~ N(0, I)."""
        with torch.no_grad():
            components = dist.Categorical(logits=self.log_weights).expand(self.batch_shape)
            z = components.sample(Size(sample_shape))
            return drawn_rows(z, self.locs, self.scales, self.kind)
