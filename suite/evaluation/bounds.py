"""How good a variational autoencoder is: its bound, what it is made of, and log p(x).

Everything here is computed from the networks alone, by the same code for every estimator, and
comes from one primitive, the log importance weights of `suite.evaluation.weights`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import (
    effective_sample_size,
    log_mean_exp,
    log_mean_exp_variance,
)
from suite.evaluation.weights import (
    DECODED_AT_ONCE,
    Draws,
    check_variational,
    grouped_draws,
    joined,
)
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]


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


def evaluate_vae(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    n_samples: int = 100,
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> VAEEvaluation:
    """Score trained networks on data X (N, D): distortion, rate and importance-weighted bound.

    Parameters
    ----------
    networks
        `networks_` of a fitted VAE, or any `LatentModel`.
    X
        What the likelihood scores; bits for a Bernoulli on bits.
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

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> scores = evaluate_vae(vae.networks_, X)
    >>> scores.elbo.shape, scores.mean_elbo < scores.mean_log_likelihood < 0
    ((40,), True)
    """
    with placed(networks, device), torch.no_grad():
        generator = torch_generator(random_state)
        check_variational(networks)
        data = networks.as_scored(X)
        groups = grouped_draws(networks, data, n_samples, generator, batch_size=batch_size)
        scores = joined(map(_scores, groups), len(data)).numpy()
    return VAEEvaluation(
        **dict(zip(_SCORES, scores, strict=True)),
        n_samples=n_samples,
        likelihood=networks.likelihood.name,
        is_density=networks.likelihood.is_density,
    )


@torch.no_grad()
def reconstruction_error(networks: LatentModel, X: ArrayLike | Tensor) -> FloatArray:
    """−log p(x | z) at z = the mean of q(z | x), or the code of an autoencoder, in nats: (N,).

    It is no bound on anything: it leaves out what z costs. It puts VAEs and autoencoders on one
    scale.

    Parameters
    ----------
    networks
        Of a VAE or of an autoencoder.
    X
        (N, D)

    Raises
    ------
    InputError
        If the likelihood does not score such data.

    Examples
    --------
    >>> from suite.vae import Autoencoder
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> model = Autoencoder(1, hidden_dims=(8,), learning_rate=0.05, random_state=0).fit(X)
    >>> float(reconstruction_error(model.networks_, X).max()) < 0.2
    True
    """
    data = networks.as_scored(X)
    errors = [
        -networks.log_likelihood(x, networks.encode(x)[0]) for x in data.split(DECODED_AT_ONCE)
    ]
    return _numpy(torch.cat(errors))


_SCORES = (
    "elbo",
    "distortion",
    "distortion_variance",
    "rate",
    "log_likelihood",
    "log_likelihood_variance",
    "effective_sample_size",
)


def _scores(group: Draws) -> Tensor:
    """The arrays of `VAEEvaluation` named in `_SCORES` for one group, in float64 on the CPU."""
    log_w = group.log_weights.cpu().double()
    log_likelihood = group.log_likelihood.cpu().double()
    rate = group.rates.sum(-1).cpu().double()
    distortion = -log_likelihood.mean(1)
    n_samples = log_w.shape[1]
    if n_samples > 1:
        distortion_variance = log_likelihood.var(1) / n_samples
    else:
        distortion_variance = torch.full_like(distortion, math.nan)
    return torch.stack(
        [
            -distortion - rate,
            distortion,
            distortion_variance,
            rate,
            log_mean_exp(log_w),
            log_mean_exp_variance(log_w),
            effective_sample_size(log_w),
        ]
    )


def _standard_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def _numpy(values: Tensor) -> FloatArray:
    array: FloatArray = values.cpu().numpy()
    return array
