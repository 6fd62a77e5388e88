"""A mixture as one vector of free real numbers, in the units of a start."""

import numpy as np
import torch
from scipy.linalg import helmert
from torch import Tensor, nn

from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters
from suite.gmm.prior import parameters_of_sites, site_shapes, site_values


class MixtureCoordinates(nn.Module):
    """One vector u in the units of a start, and the mixture that it stands for; 0 is the start.

    u = (c, a, b) has K − 1 + K D + n(Σ) entries and any value of it is a mixture:

        π = softmax(log π⁰ + V c),  V (K, K − 1) orthonormal, its columns summing to zero;
        μ_k = μ⁰_k + L⁰_k a_k;
        L_k = L⁰_k B_k, B_k lower triangular with the entries of b, its diagonal exp(·),

    with Σ_k = L_k L_kᵀ; σ = σ⁰ exp(b) where Σ is a table of variances. The posterior of a mean
    given its covariance is Normal with a covariance near Σ_k / N_k: independent entries of a say
    just that, which independent entries of μ cannot.

    Parameters
    ----------
    start
        π⁰, μ⁰ and Σ⁰.
    dtype
        Of the vector.
    """

    log_weights: Tensor
    basis: Tensor
    means: Tensor
    scales: Tensor

    def __init__(self, start: MixtureParameters, *, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.kind = covariance_type_named(start.covariance_type)
        weights, means, covariances = (
            torch.tensor(values, dtype=dtype)
            for values in (start.weights, start.means, start.covariances)
        )
        n_components, n_features = means.shape
        basis = helmert(n_components).T if n_components > 1 else np.zeros((1, 0))
        self.register_buffer("log_weights", weights.clamp(min=torch.finfo(dtype).tiny).log())
        self.register_buffer("basis", torch.tensor(basis, dtype=dtype))
        self.register_buffer("means", means)
        self.register_buffer("scales", self.kind.scales(covariances))
        n_scales = self.kind.n_parameters(n_components, n_features)
        self.sizes = (n_components - 1, n_components * n_features, n_scales)
        self.event_dims = {
            name: len(shape)
            for name, shape in site_shapes(self.kind, n_components, n_features).items()
        }

    @property
    def size(self) -> int:
        """The length of u: the mixture's free parameters."""
        return sum(self.sizes)

    def sites(self, u: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The values of the model's sites at u, and log |∂ sites / ∂ u|.

        The volume is that of the sites' own coordinates: π without its last entry, and Ω below its
        diagonal, as in the densities of torch's Dirichlet and LKJCholesky.

        Parameters
        ----------
        u
            (..., size)

        Returns
        -------
        values
            By name, each with the leading axes of u.
        log_volume
            (...)
        """
        c, a, b = u.split(self.sizes, -1)
        log_weights = (self.log_weights + c @ self.basis.T).log_softmax(-1)
        shifts = a.reshape(*a.shape[:-1], *self.means.shape)
        locs = self.kind.shift(self.means, self.scales, shifts)
        scales = self.kind.stretch(self.scales, self._free_scales(b))
        n_components = len(self.log_weights)
        volume = log_weights.sum(-1) + 0.5 * np.log(n_components) if n_components > 1 else 0.0
        volume = volume + self._log_volume_of_shift() + self._log_volume_of_scales(scales)
        return site_values(self.kind, log_weights.exp(), locs, scales), volume

    def parameters_at(self, u: Tensor) -> MixtureParameters:
        """The mixture that one u (size,) stands for."""
        with torch.no_grad():
            values, _ = self.sites(u)
            return parameters_of_sites(values, self.kind)

    def _free_scales(self, b: Tensor) -> Tensor:
        shape = self.scales.shape
        if not self.kind.has_matrices:
            return b.reshape((*b.shape[:-1], *shape))
        below = torch.tril_indices(shape[-1], shape[-1], device=b.device)
        free = b.new_zeros(*b.shape[:-1], *shape)
        free[..., below[0], below[1]] = b.reshape(*b.shape[:-1], *shape[:-2], below.shape[1])
        return free

    def _log_volume_of_shift(self) -> Tensor:
        n_components, n_features = self.means.shape
        factors = self.kind.factors_of_scales(self.scales)
        log_scales = -self.kind.log_determinants(factors, n_features)
        return log_scales.expand(n_components).sum()

    def _log_volume_of_scales(self, scales: Tensor) -> Tensor:
        if not self.kind.has_matrices:
            return _sum_last(scales.log(), self.scales.dim())
        # b to B: Π_i B_ii; B to L = L⁰B, column by column: Π_i (L⁰_ii)^i; row i of L to its length
        # s_i and direction Ω_i, of which Ω_ii depends on the others: Ω_ii / s_i^(i − 1).
        order = torch.arange(1, scales.shape[-1] + 1, dtype=scales.dtype, device=scales.device)
        log_start = self.scales.diagonal(dim1=-2, dim2=-1).log()
        log_diagonal = scales.diagonal(dim1=-2, dim2=-1).log()
        log_lengths = 0.5 * scales.square().sum(-1).log()
        terms = (order - 1) * log_start + 2 * log_diagonal - order * log_lengths
        return _sum_last(terms, self.scales.dim() - 1)


def _sum_last(values: Tensor, axes: int) -> Tensor:
    """The sum over the last `axes` axes, of which there may be none."""
    return values.reshape(*values.shape[: values.dim() - axes], -1).sum(-1)
