"""Guides over a mixture's parameters: a point, and a Normal in the coordinates of a start."""

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from scipy.linalg import helmert
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters
from suite.gmm.prior import parameters_of_sites, site_shapes, site_values
from suite.random import RandomState, torch_generator


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


class PointGuide(nn.Module):
    """All mass at one mixture: with `Trace_ELBO` on the marginal model, maximum a posteriori.

    The loss is −(log p(x | θ) + log p(θ)), the prior's density being over the sites' own
    coordinates (π, μ, σ, Ω), which is what `AutoDelta` maximises too; a maximum of a density
    depends on the coordinates that it is taken over.

    Parameters
    ----------
    coordinates
        What the point is written in.
    name
        What its parameter is called in Pyro's store, before a dot.
    """

    def __init__(self, coordinates: MixtureCoordinates, *, name: str = "point_guide") -> None:
        super().__init__()
        self.coordinates, self.name = coordinates, name
        self.point = nn.Parameter(coordinates.log_weights.new_zeros(coordinates.size))

    def forward(
        self,
        x: Tensor | None = None,
        n_samples: int = 1,
        *,
        sample_weight: Tensor | None = None,
        batch_size: int | None = None,
        subsample: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Give every latent site its value; the arguments are the model's and change nothing."""
        values, _ = self.coordinates.sites(pyro.param(f"{self.name}.point", self.point))
        for site, value in values.items():
            event_dim = self.coordinates.event_dims[site]
            pyro.sample(site, dist.Delta(value, event_dim=event_dim))
        return values

    def to_parameters(self) -> MixtureParameters:
        """The point."""
        return self.coordinates.parameters_at(self.point)


class NormalGuide(nn.Module):
    """q(u) = Π_i Normal(u_i | m_i, s_i), carried over to the model's sites: mean-field Normal.

    It is Pyro's `AutoNormal` in other coordinates, those of `MixtureCoordinates`: they hold the
    scale and the orientation of the components, so that one step size suits all data and the
    correlations that a posterior of means has are within the family.

    Parameters
    ----------
    coordinates
        What u is.
    n_rows
        N, from which the first s_i are 1 / √(1 + N π⁰_k), about that of a posterior.
    n_particles
        None: q is drawn afresh at each call, from torch's global generator, as usual in Pyro.
        An even number: the same draws u = m + s ε of that many ε at each call, for
        `Trace_ELBO(num_particles=n_particles, vectorize_particles=True, max_plate_nesting=1)`. The
        ELBO is then a function without noise (sample average approximation; Giordano, Ingram and
        Broderick, 2024), which can converge. The ε come in pairs ±ε and have unit variance in
        each coordinate, so that a quadratic log density without cross terms has no error.
    random_state
        For these draws.
    name
        What the parameters are called in Pyro's store, before a dot.

    Raises
    ------
    InputError
        If `n_particles` is odd or below 2.
    """

    noise: Tensor | None

    def __init__(
        self,
        coordinates: MixtureCoordinates,
        *,
        n_rows: float = 1,
        n_particles: int | None = None,
        random_state: RandomState = None,
        name: str = "normal_guide",
    ) -> None:
        super().__init__()
        self.coordinates, self.name = coordinates, name
        like = coordinates.log_weights
        self.loc = nn.Parameter(like.new_zeros(coordinates.size))
        self.log_scale = nn.Parameter(_first_log_scales(coordinates, n_rows))
        noise = None
        if n_particles is not None:
            generator = torch_generator(random_state)
            noise = _matched_noise(n_particles, coordinates.size, generator).to(like)
        self.register_buffer("noise", noise)

    def forward(
        self,
        x: Tensor | None = None,
        n_samples: int = 1,
        *,
        sample_weight: Tensor | None = None,
        batch_size: int | None = None,
        subsample: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Draw every latent site from q; the arguments are the model's and change nothing."""
        loc = pyro.param(f"{self.name}.loc", self.loc)
        log_scale = pyro.param(f"{self.name}.log_scale", self.log_scale)
        q: dist.TorchDistribution = dist.Normal(loc, log_scale.exp()).to_event(1)
        if self.noise is not None:
            fixed = loc + log_scale.exp() * self.noise
            q = dist.Delta(fixed, log_density=q.log_prob(fixed), event_dim=1)
        u = pyro.sample(f"{self.name}.free", q, infer={"is_auxiliary": True})
        values, log_volume = self.coordinates.sites(u)
        for site, value in values.items():
            # The densities of all sites together are q(u) / |∂ sites / ∂ u|: noted once.
            density = -log_volume if site == "locs" else torch.zeros_like(log_volume)
            event_dim = self.coordinates.event_dims[site]
            pyro.sample(site, dist.Delta(value, log_density=density, event_dim=event_dim))
        return values

    def density(self) -> dist.TorchDistribution:
        """q(u), as it now stands."""
        return dist.Normal(self.loc, self.log_scale.exp()).to_event(1)

    def to_parameters(self) -> MixtureParameters:
        """The mixture at u = m: the median of q in each of its coordinates."""
        return self.coordinates.parameters_at(self.loc)


def _first_log_scales(coordinates: MixtureCoordinates, n_rows: float) -> Tensor:
    counts = n_rows * coordinates.log_weights.exp()
    n_weights, _, n_scales = coordinates.sizes
    means = counts.unsqueeze(1).expand(coordinates.means.shape).flatten()
    if not coordinates.kind.name.startswith("tied"):
        scales = counts.unsqueeze(1).expand(-1, n_scales // len(counts)).flatten()
    else:
        scales = counts.sum().expand(n_scales)
    effective = torch.cat([counts.mean().expand(n_weights), means, scales])
    return -0.5 * (1 + effective).log()


def _matched_noise(n_particles: int, size: int, generator: torch.Generator) -> Tensor:
    if n_particles < 2 or n_particles % 2:
        raise InputError(
            f"n_particles must be an even number of at least 2, got {n_particles}: draws come in "
            "pairs of opposite sign."
        )
    half = torch.randn(n_particles // 2, 1, size, generator=generator, dtype=torch.float64)
    half = half / half.square().mean(0).sqrt()
    return torch.cat([half, -half])


def _sum_last(values: Tensor, axes: int) -> Tensor:
    """The sum over the last `axes` axes, of which there may be none."""
    return values.reshape(*values.shape[: values.dim() - axes], -1).sum(-1)
