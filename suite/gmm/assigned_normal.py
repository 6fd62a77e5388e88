"""The Pyro distribution of a row whose component is known."""

import math
from typing import Any

import pyro.distributions as dist
import torch
from pyro.distributions import constraints
from torch import Size, Tensor

from suite.gmm.covariance_type import CovarianceType


class AssignedNormal(dist.TorchDistribution):
    """N(x | μ_z, Σ_z) for assignments z, as a distribution over rows x.

    It is what `MultivariateNormal(locs[z], scale_tril=scales[z])` says, at less cost: when z is
    enumerated, the densities of all rows under all components are one table computed component by
    component with matrix products, and no tensor of N × K × D (and no copy of Σ per row) is built.

    Parameters
    ----------
    assignments
        z, integers below K, any batch shape; under enumeration (K, 1).
    locs
        μ, shape (K, D).
    scales
        L with Σ = L Lᵀ, or σ, in the shape of the covariance type.
    kind
        The covariance type.
    """

    arg_constraints = {  # noqa: RUF012 - torch's own name and form
        "assignments": constraints.nonnegative_integer,
        "locs": constraints.independent(constraints.real, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        assignments: Tensor,
        locs: Tensor,
        scales: Tensor,
        kind: CovarianceType,
        *,
        batch_shape: Size | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.assignments, self.locs, self.scales, self.kind = assignments, locs, scales, kind
        super().__init__(
            assignments.shape if batch_shape is None else batch_shape,
            locs.shape[-1:],
            validate_args=validate_args,
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> "AssignedNormal":
        """The same distribution with a larger batch shape, without copying."""
        return AssignedNormal(
            self.assignments,
            self.locs,
            self.scales,
            self.kind,
            batch_shape=Size(batch_shape),
            validate_args=False,
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(x | μ_z, Σ_z), shape: batch shape broadcast with the rows'."""
        n_components, n_features = self.locs.shape
        rows = value.reshape(-1, n_features)
        factors = self.kind.factors_of_scales(self.scales)
        distances = self.kind.squared_distances(rows, self.locs, factors)
        log_determinants = self.kind.log_determinants(factors, n_features)
        constant = n_features * math.log(2 * math.pi)
        table = log_determinants - 0.5 * (constant + distances)
        z, shape = self.assignments, value.shape[:-1]
        if _counts_up(z, n_components):
            return table.T.reshape(z.shape[: z.dim() - len(shape)] + shape)
        z = z.expand(torch.broadcast_shapes(z.shape, self.batch_shape, shape))
        table = table.reshape(*shape, n_components).expand(*z.shape, n_components)
        return table.gather(-1, z.unsqueeze(-1)).squeeze(-1)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """x = μ_z + L_z ε with ε ~ N(0, I)."""
        z = self.assignments.expand(Size(sample_shape) + self.batch_shape)
        noise = torch.randn(
            z.shape + self.event_shape, dtype=self.locs.dtype, device=self.locs.device
        )
        scale = self.kind.gather(self.scales, z)
        if self.kind.has_matrices:
            return self.locs[z] + (scale @ noise.unsqueeze(-1)).squeeze(-1)
        return self.locs[z] + scale * noise


def _counts_up(assignments: Tensor, n_components: int) -> bool:
    """Whether these are the K values of an enumeration, one for each index of the first axis."""
    if assignments.numel() != n_components or assignments.shape[:1] != (n_components,):
        return False
    if assignments.dim() < 2:
        return False  # K rows with an assignment each, not an enumeration
    order = torch.arange(n_components, device=assignments.device)
    return bool(torch.equal(assignments.flatten(), order))
