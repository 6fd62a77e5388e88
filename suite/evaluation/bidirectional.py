"""How far annealed importance sampling is from log p(x), shown on data that the model made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.annealing import Annealing, AnnealingPath, anneal, tuned_steps
from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import log_mean_exp
from suite.evaluation.noise import DatumNoise
from suite.evaluation.weights import DECODED_AT_ONCE, check_variational
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class BidirectionalCheck:
    """Bounds on log p(x) from both sides for N data drawn from the model, in nats.

    Parameters
    ----------
    X
        The simulated data, (N, D).
    lower
        From chains that run forwards, (N,): below log p(x) in expectation.
    upper
        From chains that run backwards from the z that made x, (N,): above it in expectation.
    annealing
        How the chains ran.
    """

    X: FloatArray
    lower: FloatArray
    upper: FloatArray
    annealing: Annealing

    @property
    def mean_gap(self) -> float:
        """Mean of upper − lower, nats per datum: in expectation, neither bound is farther off.

        A sample of it can be negative by its `standard_error`.
        """
        return float((self.upper - self.lower).mean())

    @property
    def standard_error(self) -> float:
        """Of `mean_gap`, over simulated data and chains together; NaN for a single datum."""
        gaps = self.upper - self.lower
        return float(gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else np.nan


def bidirectional_check(
    networks: LatentModel,
    n_data: int = 100,
    *,
    annealing: Annealing | None = None,
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> BidirectionalCheck:
    """Bidirectional Monte Carlo (Grosse, Ghahramani and Adams 2015; Wu et al. 2017, section 3.2).

    Data are simulated, z* ~ p(z), x ~ p(x | z*), so that z* is an exact draw of p(z | x). Forward
    chains give E w = p(x), hence a lower bound on log p(x). Chains from z* that pass through the
    same densities backwards give E w′ = 1 / p(x), hence −log (1/C) Σ w′ is an upper bound. All C
    backward chains share their start: the bound still holds, for the mean over chains and starts
    is 1 / p(x).

    The gap bounds the error of both **on data from the model**. It certifies an estimate on real
    data as far as those are as hard as the model's own: give `ais_log_likelihood` the same
    `annealing`.

    Parameters
    ----------
    n_data
        N.
    annealing, random_state, batch_size, device
        As in `ais_log_likelihood`.

    Raises
    ------
    InputError
        If the networks are no VAE's, a count is below 1, or the likelihood is no density, so that
        no data have it.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> quick = Annealing(n_chains=10, n_temperatures=50, n_leapfrog=5)
    >>> bool(abs(bidirectional_check(vae.networks_, 50, annealing=quick).mean_gap) < 0.01)
    True
    """
    _check(networks, n_data, batch_size)
    plan = annealing or Annealing()
    generator = torch_generator(random_state)
    with placed(networks, device):
        Z, X = _simulated(networks, n_data, generator)
        noise = DatumNoise.from_generator(generator, n_data, networks.dtype, networks.device)
        size = max(1, batch_size // plan.n_chains)
        groups = zip(X.split(size), Z.split(size), noise.split(size), strict=True)
        bounds = [_both_ways(networks, x, z, plan, streams) for x, z, streams in groups]
    lower, upper = torch.cat(bounds, dim=1).numpy()
    return BidirectionalCheck(X=X.cpu().numpy(), lower=lower, upper=upper, annealing=plan)


def _both_ways(
    networks: LatentModel, x: Tensor, z: Tensor, plan: Annealing, noise: DatumNoise
) -> Tensor:
    """Lower and upper bounds, (2, N)."""
    path = AnnealingPath.between(networks, x, plan.base)
    steps = tuned_steps(path, plan, noise)
    betas = plan.inverse_temperatures
    start = path.start(plan.n_chains, noise)
    forward, _ = anneal(path, start, betas, steps, plan.n_leapfrog, noise)
    end = path.evaluate(z[:, None].expand(-1, plan.n_chains, -1))
    backward, _ = anneal(path, end, betas[::-1], steps.flip(0), plan.n_leapfrog, noise)
    return torch.stack([log_mean_exp(forward), -log_mean_exp(backward)]).cpu().double()


@torch.no_grad()
def _simulated(
    networks: LatentModel, n_data: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """z* and x, drawn on the CPU so that a seed means the same on every device."""
    shape = (n_data, networks.latent_dim)
    Z = torch.randn(shape, generator=generator, dtype=networks.dtype).to(networks.device)
    parameters = tuple(parameter.cpu() for parameter in networks.decode(Z))
    return Z, networks.as_scored(networks.likelihood.draw(parameters, generator))


def _check(networks: LatentModel, n_data: int, batch_size: int) -> None:
    check_variational(networks)
    for name, count in (("n_data", n_data), ("batch_size", batch_size)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}.")
    if not networks.likelihood.is_density:
        raise InputError(
            f"data can only be simulated from a density, got likelihood "
            f"{networks.likelihood.name!r}; fit with likelihood='bernoulli' on bits."
        )
