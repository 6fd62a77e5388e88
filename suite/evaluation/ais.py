"""log p(x) of a decoder by annealed importance sampling, which needs no good encoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.annealing import Annealing, AnnealingPath, anneal, tuned_steps
from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import (
    effective_sample_size,
    log_mean_exp,
    log_mean_exp_variance,
)
from suite.evaluation.noise import DatumNoise
from suite.evaluation.weights import DECODED_AT_ONCE, check_variational
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class AISEstimate:
    """Estimates of log p(x) for N data from C chains each, in nats.

    Parameters
    ----------
    log_weights
        (N, C): each chain's weight has the mean p(x).
    log_likelihood
        log (1/C) Σ_c w_c, (N,): below log p(x) on average, by Jensen's inequality.
    variance
        Its Monte Carlo variance by the delta method, nats², (N,); NaN for a single chain. Where
        the effective sample size is small it is not to be trusted.
    effective_sample_size
        (Σ w)² / Σ w², between 1 and C, (N,).
    acceptance
        The mean acceptance probability of the transitions, (N,): tuned to 0.65.
    annealing
        How they were made.
    likelihood, is_density
        The name of p(x | z), and whether these are log probabilities at all.
    """

    log_weights: FloatArray
    log_likelihood: FloatArray
    variance: FloatArray
    effective_sample_size: FloatArray
    acceptance: FloatArray
    annealing: Annealing
    likelihood: str
    is_density: bool

    @property
    def mean_log_likelihood(self) -> float:
        """The mean estimate, nats per datum."""
        return float(self.log_likelihood.mean())

    @property
    def standard_error(self) -> float:
        """How far the mean would move with other data from the same source; NaN for one datum."""
        n_data = len(self.log_likelihood)
        return float(self.log_likelihood.std(ddof=1) / np.sqrt(n_data)) if n_data > 1 else np.nan

    @property
    def monte_carlo_error(self) -> float:
        """How far the mean would move with other chains, in nats."""
        return float(np.sqrt(self.variance.sum()) / len(self.variance))


def ais_log_likelihood(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    annealing: Annealing | None = None,
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> AISEstimate:
    """Estimate log p(x) by annealed importance sampling (Neal 2001; Wu et al. 2017, section 3).

    Chains start at draws from a base π₀(z), pass through the densities

        log f_β(z) = (1 − β) log π₀(z) + β log p(x, z),   β from 0 to 1,

    by Hamiltonian transitions, and gather log w = Σ_t (β_{t+1} − β_t) log p(x, z_t) / π₀(z_t).
    E w = p(x) whatever the transitions do, so that the estimate is a lower bound in expectation;
    `bidirectional_check` tells how loose it is. Step sizes are tuned per datum and temperature by
    pilot chains and are fixed for the chains that count. Sums are taken in float64; the networks
    compute in what precision they have.

    Beside X and the result, the largest tensors are of `batch_size` rows of the decoder's widest
    layer, or of one datum's chains if they are more.

    Parameters
    ----------
    annealing
        How many chains and temperatures, and from where; None for `Annealing()`.
    random_state
        The same one gives the same estimate, up to rounding on every device and whatever
        `batch_size` is.
    batch_size
        How many (datum, chain) pairs are decoded at once.
    device
        Where to compute; None means where the networks are. They are returned to their place.

    Raises
    ------
    InputError
        If the likelihood gives such data no probability or the networks are no VAE's.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> quick = Annealing(n_chains=50, n_temperatures=20, n_leapfrog=5)
    >>> found = ais_log_likelihood(vae.networks_, X[:2], annealing=quick)
    >>> bool(abs(found.log_likelihood[0] - vae.score_samples(X[:1], n_samples=5000)[0]) < 0.05)
    True
    """
    check_variational(networks)
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}.")
    plan = annealing or Annealing()
    with placed(networks, device):
        data = networks.as_scored(X)
        noise = DatumNoise.from_generator(
            torch_generator(random_state), len(data), networks.dtype, networks.device
        )
        size = max(1, batch_size // plan.n_chains)
        groups = zip(data.split(size), noise.split(size), strict=True)
        runs = [_forward(networks, x, plan, streams) for x, streams in groups]
    log_w = torch.cat([run[0].cpu().double() for run in runs])
    return AISEstimate(
        log_weights=log_w.numpy(),
        log_likelihood=log_mean_exp(log_w).numpy(),
        variance=log_mean_exp_variance(log_w).numpy(),
        effective_sample_size=effective_sample_size(log_w).numpy(),
        acceptance=torch.cat([run[1].cpu().double() for run in runs]).numpy(),
        annealing=plan,
        likelihood=networks.likelihood.name,
        is_density=networks.likelihood.is_density,
    )


def _forward(
    networks: LatentModel, x: Tensor, plan: Annealing, noise: DatumNoise
) -> tuple[Tensor, Tensor]:
    path = AnnealingPath.between(networks, x, plan.base)
    steps = tuned_steps(path, plan, noise)
    start = path.start(plan.n_chains, noise)
    return anneal(path, start, plan.inverse_temperatures, steps, plan.n_leapfrog, noise)
