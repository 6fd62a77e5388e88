"""How good a variational autoencoder is: its bound, what it is made of, and log p(x).

Everything here is computed from the networks alone, by the same code for every estimator, and
comes from one primitive, the log importance weights

    log w_s = log p(x | z_s) + log p(z_s) − log q(z_s | x),   z_s ~ q(z | x).

Noise is drawn image by image, in order, from one generator on the CPU: the draws for an image
depend on `random_state` and on the images before it, never on `batch_size` or the device.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.device import resolve_device
from suite.errors import InputError
from suite.random import RandomState, torch_generator

if TYPE_CHECKING:
    from suite.vae.networks import VAENetworks

FloatArray = NDArray[np.floating[Any]]

_DECODED_AT_ONCE = 4096
"""(datum, z) pairs that pass through the decoder at once: their logits stay near the cache."""


@dataclass(frozen=True, eq=False)
class VAEEvaluation:
    """Scores of one VAE on N data, each an array (N,) of nats per datum unless said otherwise.

    Parameters
    ----------
    elbo
        The evidence lower bound, −distortion − rate.
    distortion
        −E_q log p(x | z), estimated by the mean over `n_samples` draws of z.
    distortion_variance
        The Monte Carlo variance of that mean, nats²; NaN for a single sample.
    rate
        KL(q(z | x) ‖ p(z)), in closed form.
    log_likelihood
        log (1/S) Σ_s w_s, a lower bound on log p(x) in expectation that rises with S (Burda et al.
        2016, theorem 1), from the same draws.
    log_likelihood_variance
        Its Monte Carlo variance by the delta method, nats²; NaN for a single sample.
    effective_sample_size
        (Σ w)² / Σ w², between 1 and `n_samples`. Where it is small, `log_likelihood` is still a
        bound, but a loose one, and its variance is not to be trusted.
    n_samples
        S.
    likelihood
        The name of p(x | z).
    is_density
        Whether these are log probabilities at all; see `suite.vae.likelihoods.Likelihood`.
    """

    elbo: FloatArray
    distortion: FloatArray
    distortion_variance: FloatArray
    rate: FloatArray
    log_likelihood: FloatArray
    log_likelihood_variance: FloatArray
    effective_sample_size: FloatArray
    n_samples: int
    likelihood: str
    is_density: bool

    @property
    def mean_elbo(self) -> float:
        """Mean ELBO, nats per datum."""
        return float(self.elbo.mean())

    @property
    def mean_distortion(self) -> float:
        """Mean distortion, nats per datum."""
        return float(self.distortion.mean())

    @property
    def mean_rate(self) -> float:
        """Mean rate, nats per datum."""
        return float(self.rate.mean())

    @property
    def mean_log_likelihood(self) -> float:
        """Mean importance-weighted bound on log p(x), nats per datum."""
        return float(self.log_likelihood.mean())

    @property
    def mean_gap(self) -> float:
        """Mean of log_likelihood − elbo, nats per datum: an estimate of KL(q(z|x) ‖ p(z|x))."""
        return float((self.log_likelihood - self.elbo).mean())

    @property
    def standard_error(self) -> float:
        """How far `mean_log_likelihood` would move with other data from the same source, in nats.

        The standard deviation over data divided by √N; NaN for a single datum.
        """
        return _standard_error(self.log_likelihood)

    @property
    def elbo_standard_error(self) -> float:
        """How far `mean_elbo` would move with other data from the same source, in nats."""
        return _standard_error(self.elbo)

    @property
    def monte_carlo_error(self) -> float:
        """How far `mean_log_likelihood` would move with other draws of z, in nats.

        Draws for different data are independent: √(Σ_n log_likelihood_variance_n) / N.
        """
        return float(np.sqrt(self.log_likelihood_variance.sum()) / len(self.elbo))

    @property
    def elbo_monte_carlo_error(self) -> float:
        """How far `mean_elbo` would move with other draws of z, in nats: the distortion's error."""
        return float(np.sqrt(self.distortion_variance.sum()) / len(self.elbo))


@torch.no_grad()
def log_weights(
    networks: "VAENetworks",
    X: ArrayLike | Tensor,
    n_samples: int,
    generator: torch.Generator,
    *,
    batch_size: int = _DECODED_AT_ONCE,
) -> Tensor:
    """log p(x, z_s) − log q(z_s | x) in nats for z_s ~ q(z | x): (n_samples, N).

    Parameters
    ----------
    X
        Data (N, D), each encoded once.
    n_samples
        S.
    generator
        A CPU generator; it advances by S·J normal draws per datum, in the order of X.
    batch_size
        How many (datum, z) pairs are decoded at once. It bounds the memory and nothing else.

    Raises
    ------
    InputError
        If the likelihood gives such data no probability or the networks are no VAE's.
    """
    groups = _groups(networks, X, n_samples, generator, batch_size)
    return torch.cat([group.log_weights for group in groups]).T


def evaluate_vae(
    networks: "VAENetworks",
    X: ArrayLike | Tensor,
    *,
    n_samples: int = 100,
    random_state: RandomState = 0,
    batch_size: int = _DECODED_AT_ONCE,
    device: str | None = None,
) -> VAEEvaluation:
    """Score trained networks on data X (N, D).

    Parameters
    ----------
    n_samples
        Draws of z per datum, S.
    random_state
        The same one gives the same scores, whatever `batch_size` is and up to rounding on every
        device.
    batch_size
        How many (datum, z) pairs are decoded at once.
    device
        Where to compute; None means where the networks are. They are returned to their place.

    Raises
    ------
    InputError
        If the likelihood gives such data no probability or the networks are no VAE's.
    """
    home = networks.device
    generator = torch_generator(random_state)
    try:
        if device is not None:
            networks.to(resolve_device(device))
        with torch.no_grad():
            groups = _groups(networks, X, n_samples, generator, batch_size)
            scores = [_scores(group) for group in groups]
    finally:
        if device is not None:
            networks.to(home)
    columns = {name: np.concatenate([score[name] for score in scores]) for name in scores[0]}
    return VAEEvaluation(
        **columns,
        n_samples=n_samples,
        likelihood=networks.likelihood.name,
        is_density=networks.likelihood.is_density,
    )


@torch.no_grad()
def reconstruction_error(networks: "VAENetworks", X: ArrayLike | Tensor) -> FloatArray:
    """−log p(x | z) at z = the mean of q(z | x), or the code of an autoencoder, in nats: (N,).

    It is no bound on anything: it leaves out what z costs. It puts VAEs and autoencoders on one
    scale.

    Raises
    ------
    InputError
        If the likelihood does not score such data.
    """
    data = networks.as_scored(X)
    errors = [
        -networks.log_likelihood(x, networks.encode(x)[0]) for x in data.split(_DECODED_AT_ONCE)
    ]
    return _numpy(torch.cat(errors))


class _Group(NamedTuple):
    """Consecutive data with their draws: (B, S) tensors and the closed-form rate (B,)."""

    log_likelihood: Tensor
    log_ratio: Tensor
    rate: Tensor

    @property
    def log_weights(self) -> Tensor:
        return self.log_likelihood + self.log_ratio


def _groups(
    networks: "VAENetworks",
    X: ArrayLike | Tensor,
    n_samples: int,
    generator: torch.Generator,
    batch_size: int,
) -> Iterator[_Group]:
    """X in groups of at most `batch_size` (datum, z) pairs, or of one datum if S is larger."""
    if not networks.variational:
        raise InputError(
            "a plain autoencoder has no bound and no log-likelihood; compare it by "
            "reconstruction_error."
        )
    for name, count in (("n_samples", n_samples), ("batch_size", batch_size)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}.")
    data = networks.as_scored(X)
    for x in data.split(max(1, batch_size // n_samples)):
        yield _group(networks, x, n_samples, generator, batch_size)


def _group(
    networks: "VAENetworks",
    x: Tensor,
    n_samples: int,
    generator: torch.Generator,
    batch_size: int,
) -> _Group:
    loc, scale = networks.encode(x)
    epsilon = torch.stack(
        [
            torch.randn((n_samples, loc.shape[-1]), generator=generator, dtype=loc.dtype)
            for _ in range(len(x))
        ]
    ).to(loc.device)
    z = loc[:, None] + scale[:, None] * epsilon
    log_likelihood = torch.cat(
        [networks.log_likelihood(x[:, None], part) for part in z.split(batch_size, dim=1)], dim=1
    )
    # log p(z) − log q(z | x): the constants of the two Gaussians cancel.
    log_ratio = (0.5 * (epsilon.square() - z.square())).sum(-1) + scale.log().sum(-1)[:, None]
    variance = scale.square()
    rate = 0.5 * (loc.square() + variance - 1 - variance.log()).sum(-1)
    return _Group(log_likelihood, log_ratio, rate)


def _scores(group: _Group) -> dict[str, FloatArray]:
    """The arrays of `VAEEvaluation` for one group, reduced in float64 on the CPU."""
    log_w = group.log_weights.cpu().double()
    n_samples = log_w.shape[1]
    log_mean = log_w.logsumexp(1) - math.log(n_samples)
    effective = (2 * log_w.logsumexp(1) - (2 * log_w).logsumexp(1)).exp()
    log_likelihood = group.log_likelihood.cpu().double()
    rate = group.rate.cpu().double()
    distortion = -log_likelihood.mean(1)
    if n_samples > 1:
        distortion_variance = log_likelihood.var(1) / n_samples
        # Delta method: Var(log w̄) ≈ Var(w) / (S w̄²), and Σw²/(Σw)² is 1 / effective.
        weight_variance = (1 / effective - 1 / n_samples) * n_samples / (n_samples - 1)
    else:
        distortion_variance = torch.full_like(distortion, math.nan)
        weight_variance = torch.full_like(distortion, math.nan)
    return {
        "elbo": _numpy(-distortion - rate),
        "distortion": _numpy(distortion),
        "distortion_variance": _numpy(distortion_variance),
        "rate": _numpy(rate),
        "log_likelihood": _numpy(log_mean),
        "log_likelihood_variance": _numpy(weight_variance.clamp(min=0)),
        "effective_sample_size": _numpy(effective),
    }


def _standard_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def _numpy(values: Tensor) -> FloatArray:
    array: FloatArray = values.cpu().numpy()
    return array
