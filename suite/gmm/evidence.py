"""The evidence lower bound of a Normal guide over a mixture's parameters, on fresh draws."""

from dataclasses import dataclass

import torch
from torch import Tensor

from suite.gmm.log_table import PreparedRows
from suite.gmm.mixture_of_normals import MixtureOfNormals
from suite.gmm.prior import MixturePrior, mixture_of_sites
from suite.gmm.variational import NormalGuide
from suite.random import RandomState, torch_generator

_ELEMENTS = 2**23  # of one table of densities: so many draws at a time


@dataclass(frozen=True)
class EvidenceBound:
    """An estimate of E_q[log p(X, θ) − log q(θ)] / N ≤ log p(X) / N.

    Parameters
    ----------
    mean
        Nats per datum.
    standard_error
        Of the mean over the draws, nats per datum.
    n_draws
        How many draws of θ from q.
    """

    mean: float
    standard_error: float
    n_draws: int


def evidence_lower_bound(
    guide: NormalGuide,
    prior: MixturePrior,
    X: Tensor,
    weights: Tensor | None = None,
    *,
    n_draws: int = 256,
    random_state: RandomState = None,
) -> EvidenceBound:
    """The bound of q = `guide` on the evidence of the rows under `prior`.

    Parameters
    ----------
    guide
        q(θ).
    prior
        p(θ).
    X
        (N, D)
    weights
        (N,), how often each row counts; N is then their sum. None: once.
    n_draws
        At least 2.
    random_state
        For the draws.
    """
    size = guide.coordinates.size
    generator = torch_generator(random_state)
    noise = torch.randn(n_draws, 1, size, generator=generator, dtype=torch.float64).to(X)
    at_once = max(1, _ELEMENTS // (len(X) * len(guide.coordinates.means)))
    rows = PreparedRows(X)
    with torch.no_grad():
        parts = [_log_ratios(guide, prior, rows, weights, part) for part in noise.split(at_once)]
    ratios = torch.cat(parts) / (len(X) if weights is None else weights.sum())
    return EvidenceBound(float(ratios.mean()), float(ratios.std() / n_draws**0.5), n_draws)


def _log_ratios(
    guide: NormalGuide,
    prior: MixturePrior,
    rows: PreparedRows,
    weights: Tensor | None,
    noise: Tensor,
) -> Tensor:
    """log p(X, θ) − log q(θ) of each draw, shape (draws,)."""
    coordinates = guide.coordinates
    u = guide.loc + guide.log_scale.exp() * noise
    values, log_volume = coordinates.sites(u)
    log_q = guide.density().log_prob(u) - log_volume
    priors = prior.sites(coordinates.kind, len(coordinates.means), like=u)
    log_prior = sum(site.log_prob(values[name]) for name, site in priors.items())
    components = mixture_of_sites(coordinates.kind, values)
    mixture = MixtureOfNormals(*components, coordinates.kind, prepared=rows)
    log_likelihood = mixture.log_prob(rows.x)
    if weights is not None:
        log_likelihood = log_likelihood * weights
    return log_likelihood.sum(-1) + (log_prior - log_q).squeeze(-1)
