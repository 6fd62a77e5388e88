"""A path of densities from one that can be sampled to a VAE's posterior, and chains along it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.hmc import Point, transition, widened
from suite.evaluation.latent_model import LatentModel
from suite.evaluation.noise import DatumNoise

TARGET_ACCEPTANCE = 0.65
"""The acceptance rate that step sizes are tuned to: Neal 2011, section 5.4.4; Wu et al. 2017."""

_PILOT_CHAINS = 4
_PILOT_WARM_UP = 30
_PILOT_GAIN = 0.2
"""How far log step moves per unit of excess acceptance: half its error is gone in five steps."""


def _prior(networks: LatentModel, x: Tensor) -> tuple[Tensor, Tensor]:
    shape = (len(x), networks.latent_dim)
    return torch.zeros(shape).to(x), torch.ones(shape).to(x)


def _encoder(networks: LatentModel, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        return networks.encode(x)


BASES: Mapping[str, Callable[[LatentModel, Tensor], tuple[Tensor, Tensor]]] = {
    "prior": _prior,
    "encoder": _encoder,
}
"""Where a path may start, as loc and scale (N, J) of a normal: p(z), or the encoder's q(z | x)."""


def _sigmoid(n_temperatures: int) -> Tensor:
    """Logistic in [−4, 4] and scaled to [0, 1]: densest at both ends (Grosse et al. 2015)."""
    curve = torch.linspace(-4, 4, n_temperatures + 1, dtype=torch.float64).sigmoid()
    return (curve - curve[0]) / (curve[-1] - curve[0])


def _linear(n_temperatures: int) -> Tensor:
    return torch.linspace(0, 1, n_temperatures + 1, dtype=torch.float64)


SCHEDULES: Mapping[str, Callable[[int], Tensor]] = {"sigmoid": _sigmoid, "linear": _linear}
"""How the inverse temperatures β run from 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Annealing:
    """How annealed importance sampling goes about it.

    Parameters
    ----------
    n_chains
        Independent chains per datum, each with a weight of its own.
    n_temperatures
        Steps of β from 0 to 1. The cost is that times `n_leapfrog` passes through the decoder and
        back, for each chain.
    n_leapfrog
        Leapfrog steps of a Hamiltonian transition.
    base
        "prior" starts the path at p(z), as Wu et al. 2017 do: no encoder takes part, so that any
        decoder is judged alike. "encoder" starts it at q(z | x): nearer, so that fewer
        temperatures do, where q is wide enough to cover the posterior.
    schedule
        "sigmoid" or "linear", see `SCHEDULES`.

    Raises
    ------
    InputError
        If a count is below 1 or a name is unknown.

    Examples
    --------
    >>> Annealing(n_temperatures=2).inverse_temperatures
    (0.0, 0.5, 1.0)
    """

    n_chains: int = 16
    n_temperatures: int = 1000
    n_leapfrog: int = 10
    base: str = "prior"
    schedule: str = "sigmoid"

    def __post_init__(self) -> None:
        for name in ("n_chains", "n_temperatures", "n_leapfrog"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)!r}.")
        for name, table in (("base", BASES), ("schedule", SCHEDULES)):
            if getattr(self, name) not in table:
                known = " or ".join(map(repr, table))
                raise InputError(f"{name} must be {known}, got {getattr(self, name)!r}.")

    @property
    def inverse_temperatures(self) -> tuple[float, ...]:
        """β₀ = 0 < … < β_T = 1."""
        return tuple(SCHEDULES[self.schedule](self.n_temperatures).tolist())


@dataclass(frozen=True, eq=False)
class AnnealingPath:
    """log f_β(z) = (1 − β) log π₀(z) + β log p(x, z) for N data, π₀ = N(loc, diag(scale²)).

    f₀ is normalised and the integral of f₁ is p(x).

    Parameters
    ----------
    x
        (N, D)
    loc, scale
        (N, J)
    """

    networks: LatentModel
    x: Tensor
    loc: Tensor
    scale: Tensor

    @classmethod
    def between(cls, networks: LatentModel, x: Tensor, base: str) -> "AnnealingPath":
        """The path from the base of that name in `BASES`."""
        loc, scale = BASES[base](networks, x)
        return cls(networks, x, loc, scale)

    def start(self, n_chains: int, noise: DatumNoise) -> Point:
        """Exact draws from π₀."""
        epsilon = noise.normal(n_chains, self.loc.shape[-1])
        return self.evaluate(self.loc[:, None] + self.scale[:, None] * epsilon)

    def evaluate(self, z: Tensor) -> Point:
        """The point at z (N, C, J), by one pass through the decoder and back."""
        z = z.detach().requires_grad_()
        with torch.enable_grad():
            log_likelihood = self.networks.log_likelihood(self.x[:, None], z)
            (gradient,) = torch.autograd.grad(log_likelihood.sum(), z)
        return Point(z.detach(), widened(log_likelihood.detach()), gradient)

    def log_base(self, point: Point) -> Tensor:
        """log π₀(z) + ½ J log 2π, (N, C)."""
        standard = widened((point.z - self.loc[:, None]) / self.scale[:, None])
        return -0.5 * standard.square().sum(-1) - widened(self.scale).log().sum(-1)[:, None]

    def log_ratio(self, point: Point) -> Tensor:
        """log p(x, z) − log π₀(z), (N, C): what β multiplies."""
        log_prior = -0.5 * widened(point.z).square().sum(-1)
        return point.log_likelihood + log_prior - self.log_base(point)

    def at(self, beta: float) -> "Tempered":
        """f_β."""
        return Tempered(self, beta)


@dataclass(frozen=True, eq=False)
class Tempered:
    """f_β of a path, as a target of `suite.evaluation.hmc.transition`."""

    path: AnnealingPath
    beta: float

    def evaluate(self, z: Tensor) -> Point:
        """The point at z."""
        return self.path.evaluate(z)

    def log_density(self, point: Point) -> Tensor:
        """log f_β(z) up to a constant."""
        return self.path.log_base(point) + self.beta * self.path.log_ratio(point)

    def log_gradient(self, point: Point) -> Tensor:
        """Its gradient in z."""
        offset = (point.z - self.path.loc[:, None]) / self.path.scale[:, None].square()
        return self.beta * (point.gradient - point.z) - (1 - self.beta) * offset


def tuned_steps(path: AnnealingPath, annealing: Annealing, noise: DatumNoise) -> Tensor:
    """Leapfrog steps (T − 1, N) for β₁ … β_{T−1} that give an acceptance near 0.65.

    Pilot chains run along the path and move each datum's log step by 0.2 · (acceptance − 0.65)
    a transition. They are then forgotten: the chains that are weighed run with fixed steps, for
    steps that react to their own past would make the weights' mean differ from p(x).
    """
    inner = annealing.inverse_temperatures[1:-1]
    point = path.start(_PILOT_CHAINS, noise)
    smallest = widened(path.scale).amin(-1).log()
    log_step = smallest - 0.25 * math.log(path.loc.shape[-1])
    steps = []
    for beta in (*inner[:1] * _PILOT_WARM_UP, *inner):
        step = log_step.exp().to(path.loc.dtype)
        point, acceptance = transition(path.at(beta), point, step, annealing.n_leapfrog, noise)
        log_step = log_step + _PILOT_GAIN * (acceptance.mean(-1) - TARGET_ACCEPTANCE)
        steps.append(log_step.exp().to(path.loc.dtype))
    kept = steps[len(steps) - len(inner) :]
    return torch.stack(kept) if kept else path.loc.new_zeros((0, len(path.x)))


def anneal(
    path: AnnealingPath,
    point: Point,
    betas: tuple[float, ...],
    steps: Tensor,
    n_leapfrog: int,
    noise: DatumNoise,
) -> tuple[Tensor, Tensor]:
    """Run chains from an exact draw of f at betas[0] to betas[-1] (Neal 2001).

    Returns log weights (N, C), with E w = Z(betas[-1]) / Z(betas[0]), in nats:

        log w = Σ_t log f_{t+1}(z_t) − log f_t(z_t),   z_{t+1} by a transition that keeps f_{t+1},

    and the mean acceptance (N,), NaN where there was no transition.

    Parameters
    ----------
    steps
        Leapfrog steps for the temperatures between the ends, in the order of `betas`.
    """
    log_w = torch.zeros_like(point.log_likelihood)
    acceptances = []
    for t, (current, following) in enumerate(pairwise(betas)):
        log_w = log_w + (following - current) * path.log_ratio(point)
        if t < len(steps):
            target = path.at(following)
            point, acceptance = transition(target, point, steps[t], n_leapfrog, noise)
            acceptances.append(acceptance.mean(-1))
    if not acceptances:
        return log_w, torch.full_like(log_w[:, 0], math.nan)
    return log_w, torch.stack(acceptances).mean(0)
