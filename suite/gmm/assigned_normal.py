"""The Pyro distribution of a row whose component is known."""

from typing import Any

import pyro.distributions as dist
import torch
from pyro.distributions import constraints
from torch import Size, Tensor

from suite.gmm.covariance_type import CovarianceType
from suite.gmm.log_table import BY_COMPONENT, PreparedRows, component_log_density


class AssignedNormal(dist.TorchDistribution):
    """N(x | μ_z, Σ_z) for assignments z, as a distribution over rows x.

    It is what `MultivariateNormal(locs[z], scale_tril=scales[z])` says, at less cost: when z is
    enumerated, the densities of all rows under all components are one table computed with matrix
    products (`log_table`), and no tensor of N × K × D (and no copy of Σ per row) is built.

    Parameters
    ----------
    assignments
        z, integers below K, any batch shape; under enumeration (K, 1).
    locs
        μ, shape (..., K, D); leading axes are draws of the parameters, and end in an axis of length
        1, that of the rows' plate.
    scales
        L with Σ = L Lᵀ, or σ: the same leading axes, then the shape of the covariance type.
    kind
        The covariance type.
    prepared
        What was made ready for the rows that `log_prob` will be asked for, if anything was.
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
        prepared: PreparedRows | None = None,
        batch_shape: Size | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.assignments, self.locs, self.scales, self.kind = assignments, locs, scales, kind
        self.prepared = prepared
        shape = torch.broadcast_shapes(assignments.shape, locs.shape[:-2])
        super().__init__(
            shape if batch_shape is None else batch_shape,
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
            prepared=self.prepared,
            batch_shape=Size(batch_shape),
            validate_args=False,
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(x | μ_z, Σ_z), shape: batch shape broadcast with the rows'."""
        n_components, row_axes = self.locs.shape[-2], value.dim() - 1
        table = component_log_density(value, self.locs, self.scales, self.kind, self.prepared)
        z = self.assignments
        if _counts_up(z, n_components):
            table = table.movedim(-1 - row_axes, 0)
            between = (1,) * max(0, z.dim() - table.dim())
            return table.reshape(n_components, *between, *table.shape[1:])
        z = z.expand(torch.broadcast_shapes(z.shape, self.batch_shape, value.shape[:-1]))
        table = table.movedim(-1 - row_axes, -1).expand(*z.shape, n_components)
        return table.gather(-1, z.unsqueeze(-1)).squeeze(-1)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """x = μ_z + L_z ε with ε ~ N(0, I)."""
        z = self.assignments.expand(Size(sample_shape) + self.batch_shape)
        return drawn_rows(z, self.locs, self.scales, self.kind)


def drawn_rows(assignments: Tensor, locs: Tensor, scales: Tensor, kind: CovarianceType) -> Tensor:
    """μ_z + L_z ε with ε ~ N(0, I), shape: that of the assignments, then (D,).

    Arguments as for `AssignedNormal`; the assignments have their full batch shape.
    """
    noise = torch.randn(*assignments.shape, locs.shape[-1], dtype=locs.dtype, device=locs.device)
    # To (..., K or 1, D, D) or (..., K or 1, D or 1), as precision factors are.
    scale = _taken(BY_COMPONENT[kind.name](scales), assignments, locs.dim() - 1)
    scaled = (scale @ noise.unsqueeze(-1)).squeeze(-1) if kind.has_matrices else scale * noise
    return _taken(locs, assignments, locs.dim() - 1) + scaled


def _taken(values: Tensor, assignments: Tensor, axes: int) -> Tensor:
    """values[..., z, ...] where components are the last of the first `axes` axes."""
    if values.shape[axes - 1] == 1:
        return values.squeeze(axes - 1)
    if axes == 1:
        return values[assignments]
    own = values.shape[axes:]
    flat = values.squeeze(axes - 2).flatten(axes - 1)
    taken = flat.take_along_dim(assignments.unsqueeze(-1), dim=-2)
    return taken.reshape(*taken.shape[:-1], *own)


def _counts_up(assignments: Tensor, n_components: int) -> bool:
    """Whether these are the K values of an enumeration, one for each index of the first axis."""
    if assignments.numel() != n_components or assignments.shape[:1] != (n_components,):
        return False
    if assignments.dim() < 2:
        return False  # K rows with an assignment each, not an enumeration
    order = torch.arange(n_components, device=assignments.device)
    return bool(torch.equal(assignments.flatten(), order))
