"""A mixture as one vector of free real numbers, in the units of a start."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from scipy.linalg import helmert
from torch import Tensor, nn
from torch.distributions.transforms import CorrCholeskyTransform

from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters
from suite.gmm.prior import parameters_of_sites, site_shapes, site_values

_Sites = tuple[dict[str, Tensor], Tensor]


class MixtureCoordinates(nn.Module, ABC):
    """One vector u in the units of a start, and the mixture that it stands for; 0 is the start.

    u = (c, a, b) has K − 1 + K D + n(Σ) entries and any value of it is a mixture. Weights are
    π = softmax(log π⁰ + V c) with V (K, K − 1) orthonormal, its columns summing to zero. Where Σ is
    variances, μ = μ⁰ + σ⁰ a and σ = σ⁰ exp(b); where it is matrices, subclasses say what a and b
    are.

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
        shifts = a.reshape(*a.shape[:-1], *self.means.shape)
        make = self._of_matrices if self.kind.has_matrices else self._of_variances
        values, log_volume = make(shifts, b)
        n_components = len(self.log_weights)
        if n_components == 1:
            return values, log_volume
        log_weights = (self.log_weights + c @ self.basis.T).log_softmax(-1)
        log_volume = log_volume + log_weights.sum(-1) + 0.5 * np.log(n_components)
        return {"weights": log_weights.exp()} | values, log_volume

    def parameters_at(self, u: Tensor) -> MixtureParameters:
        """The mixture that one u (size,) stands for."""
        with torch.no_grad():
            values, _ = self.sites(u)
            return parameters_of_sites(values, self.kind)

    @abstractmethod
    def _of_matrices(self, shifts: Tensor, b: Tensor) -> _Sites:
        """The values and the log volume of all sites but the weights, from a (..., K, D) and b."""

    def _of_variances(self, shifts: Tensor, b: Tensor) -> _Sites:
        scales = self.scales * b.reshape((*b.shape[:-1], *self.scales.shape)).exp()
        values = {
            "locs": self.kind.shift(self.means, self.scales, shifts),
            "scales": scales,
        }
        return values, self._log_determinants() + _sum_last(scales.log(), self.scales.dim())

    def _log_determinants(self) -> Tensor:
        """Σ_k log |L⁰_k|."""
        n_components, n_features = self.means.shape
        factors = self.kind.factors_of_scales(self.scales)
        return -self.kind.log_determinants(factors, n_features).expand(n_components).sum()


class ComponentCoordinates(MixtureCoordinates):
    """Along the axes of each component: μ_k = μ⁰_k + L⁰_k a_k and L_k = L⁰_k B_k.

    Σ_k = L_k L_kᵀ, and B_k is lower triangular with the entries of b, its diagonal exp(·). The
    log-likelihood is about as steep in every direction, however narrow a component is in some:
    these are the coordinates to climb in.

    See `MixtureCoordinates` for the parameters.

    Examples
    --------
    >>> start = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
    >>> at = ComponentCoordinates(start)
    >>> at.parameters_at(torch.zeros(at.size, dtype=torch.float64)).means.tolist()  # 0 is the start
    [[-1.0], [1.0]]
    """

    def _of_matrices(self, shifts: Tensor, b: Tensor) -> _Sites:
        shape = self.scales.shape
        below = torch.tril_indices(shape[-1], shape[-1], device=b.device)
        free = b.new_zeros(*b.shape[:-1], *shape)
        free[..., below[0], below[1]] = b.reshape(*b.shape[:-1], *shape[:-2], below.shape[1])
        locs = self.kind.shift(self.means, self.scales, shifts)
        scales = self.kind.stretch(self.scales, free)
        values = site_values(self.kind, locs.new_ones(1), locs, scales)
        return values, self._log_determinants() + self._log_volume_of_scales(scales)

    def _log_volume_of_scales(self, scales: Tensor) -> Tensor:
        # b to B: Π_i B_ii; B to L = L⁰B, column by column: Π_i (L⁰_ii)^i; row i of L to its length
        # s_i and direction Ω_i, of which Ω_ii depends on the others: Ω_ii / s_i^(i − 1).
        order = torch.arange(1, scales.shape[-1] + 1, dtype=scales.dtype, device=scales.device)
        log_start = self.scales.diagonal(dim1=-2, dim2=-1).log()
        log_diagonal = scales.diagonal(dim1=-2, dim2=-1).log()
        log_lengths = 0.5 * scales.square().sum(-1).log()
        terms = (order - 1) * log_start + 2 * log_diagonal - order * log_lengths
        return _sum_last(terms, self.scales.dim() - 1)


class FeatureCoordinates(MixtureCoordinates):
    """Along the features: μ_k = μ⁰_k + σ⁰_k a_k, σ_k = σ⁰_k exp(t_k), Ω_k by partial correlations.

    b = (t, r) for each matrix, and Ω is the Cholesky factor that torch's `CorrCholeskyTransform`
    makes of r⁰ + r (tanh of an entry is a partial correlation). These are the directions in which
    a `MixturePrior` is independent, so that independent Normals hold it for a component that
    the data say nothing about: in other directions a surplus component would cost several nats
    more than it has to, and variational Bayes would find uses for it.

    See `MixtureCoordinates` for the parameters.

    Examples
    --------
    >>> start = MixtureParameters([1.0], [[0.0, 0.0]], [[[4.0, 0.0], [0.0, 1.0]]])
    >>> at = FeatureCoordinates(start)
    >>> along_the_first = torch.eye(at.size, dtype=torch.float64)[0]  # by one standard deviation
    >>> at.parameters_at(along_the_first).means.tolist()
    [[2.0, 0.0]]
    """

    lengths: Tensor
    free_correlations: Tensor

    def __init__(self, start: MixtureParameters, *, dtype: torch.dtype = torch.float64) -> None:
        super().__init__(start, dtype=dtype)
        if self.kind.has_matrices:
            lengths = self.scales.square().sum(-1).sqrt()
            self.register_buffer("lengths", lengths)
            if start.n_features > 1:
                correlations = self.scales / lengths.unsqueeze(-1)
                free = CorrCholeskyTransform().inv(correlations)
                self.register_buffer("free_correlations", free)

    def _of_matrices(self, shifts: Tensor, b: Tensor) -> _Sites:
        n_features, n_axes = self.lengths.shape[-1], self.lengths.dim()
        each = b.reshape(*b.shape[:-1], *self.lengths.shape[:-1], -1)
        lengths = self.lengths * each[..., :n_features].exp()
        values = {"locs": self.means + self.lengths * shifts, "scales": lengths}
        log_volume = self.lengths.log().expand(self.means.shape).sum()
        log_volume = log_volume + _sum_last(lengths.log(), n_axes)
        if n_features > 1:
            transform = CorrCholeskyTransform()
            free = self.free_correlations + each[..., n_features:]
            values["correlations"] = transform(free)
            volumes = transform.log_abs_det_jacobian(free, values["correlations"])
            log_volume = log_volume + _sum_last(volumes, n_axes - 1)
        return values, log_volume


def _sum_last(values: Tensor, axes: int) -> Tensor:
    """The sum over the last `axes` axes, of which there may be none."""
    return values.reshape(*values.shape[: values.dim() - axes], -1).sum(-1)
