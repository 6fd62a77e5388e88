"""Guides over a mixture's parameters: a point, and a Normal in the coordinates of a start."""

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm.parameters import MixtureParameters
from suite.gmm.start_coordinates import MixtureCoordinates
from suite.random import RandomState, torch_generator


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

    Examples
    --------
    >>> from suite.gmm.start_coordinates import ComponentCoordinates
    >>> start = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> guide = PointGuide(ComponentCoordinates(start))
    >>> sorted(guide())  # what it gives the model's sites
    ['locs', 'scales', 'weights']
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

    It is Pyro's `AutoNormal` in the units of a start, so that one step size suits all data.
    `FeatureCoordinates` have the prior within the family, as a surplus component needs it;
    `ComponentCoordinates` have the correlations that the posterior of a component's mean has.

    Parameters
    ----------
    coordinates
        What u is: `FeatureCoordinates` or `ComponentCoordinates`.
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

    Examples
    --------
    >>> from suite.gmm.start_coordinates import FeatureCoordinates
    >>> start = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> guide = NormalGuide(FeatureCoordinates(start), n_rows=100, n_particles=4, random_state=0)
    >>> sorted(guide())
    ['locs', 'scales', 'weights']
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
