"""What a VAE's bound loses, and to what: to the family of posteriors, or to the encoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import log_mean_exp
from suite.evaluation.noise import DatumNoise
from suite.evaluation.refined import DRAWS_PER_STEP, refined_posteriors
from suite.evaluation.weights import DECODED_AT_ONCE, check_variational, draws_at
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class InferenceGaps:
    """log p(x) − ELBO in two parts for N data, each array (N,) in nats.

    Parameters
    ----------
    elbo
        The bound with the encoder's q(z | x), by sampling.
    refined_elbo
        The bound with q*(z), the best found for this datum alone.
    log_likelihood
        The estimate of log p(x) that the gaps are taken from.
    approximation_variance, amortisation_variance
        Monte Carlo variances of the two gaps, nats²; an error of a `log_likelihood` that was
        given is not in the first.
    loc, scale
        Of q*, (N, J).
    """

    elbo: FloatArray
    refined_elbo: FloatArray
    log_likelihood: FloatArray
    approximation_variance: FloatArray
    amortisation_variance: FloatArray
    loc: FloatArray
    scale: FloatArray

    @property
    def approximation_gap(self) -> FloatArray:
        """log p(x) − ELBO(q*), (N,): what any diagonal Gaussian loses, KL(q* ‖ p(z | x))."""
        gap: FloatArray = self.log_likelihood - self.refined_elbo
        return gap

    @property
    def amortisation_gap(self) -> FloatArray:
        """ELBO(q*) − ELBO(q), (N,): what sharing one encoder among all data loses."""
        gap: FloatArray = self.refined_elbo - self.elbo
        return gap

    @property
    def mean_approximation_gap(self) -> float:
        """Nats per datum."""
        return float(self.approximation_gap.mean())

    @property
    def mean_amortisation_gap(self) -> float:
        """Nats per datum."""
        return float(self.amortisation_gap.mean())

    @property
    def approximation_monte_carlo_error(self) -> float:
        """How far `mean_approximation_gap` would move with other draws of z, in nats."""
        return float(np.sqrt(self.approximation_variance.sum()) / len(self.elbo))

    @property
    def amortisation_monte_carlo_error(self) -> float:
        """How far `mean_amortisation_gap` would move with other draws of z, in nats."""
        return float(np.sqrt(self.amortisation_variance.sum()) / len(self.elbo))


def inference_gaps(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    log_likelihood: ArrayLike | None = None,
    n_samples: int = 1000,
    n_steps: int = 500,
    learning_rate: float = 0.05,
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> InferenceGaps:
    """Approximation and amortisation gaps on X (N, D), a stated subset (Cremer et al. 2018).

        log p(x) − ELBO(q) = [log p(x) − ELBO(q*)] + [ELBO(q*) − ELBO(q)]

    where q* is the diagonal Gaussian with the largest bound for x alone, found by gradient ascent
    from q (`suite.evaluation.refined`). Both bounds are then estimated with the same fresh noise,
    as means of log weights. An ascent that stops short counts towards the approximation gap.

    Parameters
    ----------
    log_likelihood
        The best estimate of log p(x) there is, (N,), such as `ais_log_likelihood`'s. None takes
        the importance-weighted bound with `n_samples` draws from q*, which is below log p(x) and
        makes the approximation gap too small by as much.
    n_samples
        Draws of z per datum for the estimates.
    n_steps, learning_rate
        Of the ascent; the rate is in units of the encoder's scale and falls to 0.
    random_state, batch_size, device
        As in `evaluate_vae`; a datum's noise does not depend on the data beside it.

    Raises
    ------
    InputError
        If the likelihood gives such data no probability, the networks are no VAE's, a count is
        below 1 or `log_likelihood` does not fit X.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> gaps = inference_gaps(vae.networks_, X[:4], n_steps=100)
    >>> bool(gaps.mean_amortisation_gap > 0)
    True
    """
    check_variational(networks)
    for name, count in (("n_samples", n_samples), ("n_steps", n_steps), ("batch_size", batch_size)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}.")
    with placed(networks, device):
        data = networks.as_scored(X)
        given = _given(log_likelihood, len(data))
        noise = DatumNoise.from_generator(
            torch_generator(random_state), len(data), networks.dtype, networks.device
        )
        loc, scale = _refined(networks, data, noise, n_steps, learning_rate, batch_size)
        scores = _scored(networks, data, loc, scale, noise, n_samples, batch_size)
    elbo, refined, estimate, spread, estimate_spread, amortisation = scores.numpy()
    return InferenceGaps(
        elbo=elbo,
        refined_elbo=refined,
        log_likelihood=estimate if given is None else given,
        approximation_variance=estimate_spread if given is None else spread,
        amortisation_variance=amortisation,
        loc=loc.cpu().numpy(),
        scale=scale.cpu().numpy(),
    )


def _refined(
    networks: LatentModel,
    data: Tensor,
    noise: DatumNoise,
    n_steps: int,
    learning_rate: float,
    batch_size: int,
) -> tuple[Tensor, Tensor]:
    size = max(1, batch_size // DRAWS_PER_STEP)
    found = [
        refined_posteriors(networks, x, streams, n_steps=n_steps, learning_rate=learning_rate)
        for x, streams in zip(data.split(size), noise.split(size), strict=True)
    ]
    return torch.cat([loc for loc, _ in found]), torch.cat([scale for _, scale in found])


@torch.no_grad()
def _scored(
    networks: LatentModel,
    data: Tensor,
    loc: Tensor,
    scale: Tensor,
    noise: DatumNoise,
    n_samples: int,
    batch_size: int,
) -> Tensor:
    """The rows of `_scores`, (6, N)."""
    size = max(1, batch_size // n_samples)
    groups = zip(
        data.split(size), loc.split(size), scale.split(size), noise.split(size), strict=True
    )
    columns = []
    for x, refined_loc, refined_scale, streams in groups:
        epsilon = streams.normal(n_samples, loc.shape[-1])
        log_w, refined_log_w = (
            draws_at(networks, x, of_q[0], of_q[1], epsilon, batch_size=batch_size).log_weights
            for of_q in (networks.encode(x), (refined_loc, refined_scale))
        )
        columns.append(_scores(log_w.cpu().double(), refined_log_w.cpu().double()))
    return torch.cat(columns, dim=1)


def _scores(log_w: Tensor, refined_log_w: Tensor) -> Tensor:
    """Bounds of q and q*, log p(x), and variances: (6, B).

    The variances are of the second, of the third less the second by the delta method from the same
    draws, and of the second less the first.
    """
    estimate = log_mean_exp(refined_log_w)
    influence = (refined_log_w - estimate[:, None]).exp() - refined_log_w
    spreads = [
        values.var(1) / values.shape[1]
        for values in (refined_log_w, influence, refined_log_w - log_w)
    ]
    return torch.stack([log_w.mean(1), refined_log_w.mean(1), estimate, *spreads])


def _given(log_likelihood: ArrayLike | None, n_data: int) -> FloatArray | None:
    if log_likelihood is None:
        return None
    given = np.asarray(log_likelihood, dtype=np.float64)
    if given.shape != (n_data,) or not np.isfinite(given).all():
        raise InputError(
            f"log_likelihood must be {n_data} finite numbers, one for each row of X, got shape "
            f"{given.shape}; give the estimates for the same rows."
        )
    return given
