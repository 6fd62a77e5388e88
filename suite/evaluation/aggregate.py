"""The aggregated posterior q(z) = mean of q(z | x) over data: information, and distance from p(z).

    mean_n KL(q(z | x_n) ‖ p(z))  =  I_q(n; z)  +  KL(q(z) ‖ p(z)),   q(z) = 1/N Σ_n q(z | x_n)

(Hoffman and Johnson 2016, section 2). The first part is what z says of which datum it came from;
the second is how far samples of the prior are from the codes that the decoder was trained on.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.latent_model import LatentModel
from suite.evaluation.latent_use import encoded
from suite.evaluation.noise import DatumNoise
from suite.evaluation.weights import rate_per_dimension
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]

_PAIRS_AT_ONCE = 2**21
"""(z, q(· | x_m)) pairs whose densities are held at once: 16 MiB."""


@dataclass(frozen=True, eq=False)
class AggregatedPosterior:
    """The parts of the rate on a subset of N data, in nats.

    Parameters
    ----------
    rate
        The mean of KL(q(z | x_n) ‖ p(z)), exact.
    mutual_information
        I_q(n; z) between the datum's index and its code: from 0 to log N.
    marginal_divergence
        KL(q(z) ‖ p(z)) = rate − mutual_information.
    monte_carlo_error
        How far either of the last two would move with other draws of z; NaN for a single draw.
    n_data
        N.
    """

    rate: float
    mutual_information: float
    marginal_divergence: float
    monte_carlo_error: float
    n_data: int

    @property
    def most_information(self) -> float:
        """log N, the most that `mutual_information` can be: near it, N is too small to say more."""
        return math.log(self.n_data)


def aggregated_posterior(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    n_samples: int = 2,
    random_state: RandomState = 0,
    pairs_at_once: int = _PAIRS_AT_ONCE,
) -> AggregatedPosterior:
    """Split the rate on X (N, D), a stated subset, into information and marginal divergence.

        I_q = E_n E_{q(z | x_n)} log q(z | x_n) − log 1/N Σ_m q(z | x_m)

    z is drawn `n_samples` times from each q(z | x_n) and the sum is over all m, so that the only
    error is the draws', which is reported. The terms are at most log N, which keeps their variance
    low just where codes hardly overlap.

    **Bias.** As statements about these N data the figures are unbiased. As estimates for the
    source of the data they are not: information is concave in the distribution of x, so that a
    subset's is too small in expectation, rises with N and cannot pass log N; the divergence is too
    large by the same amount. Compare models on equal subsets.

    It takes O(S N² J) operations, two matrix products, in float64 on the CPU.

    Parameters
    ----------
    pairs_at_once
        How many densities q(z | x_m) are held at once, or S·N if that is more.

    Raises
    ------
    InputError
        If the likelihood does not score such data, the networks are no VAE's or a count is below 1.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=20, batch_size=4, random_state=0).fit(X)
    >>> found = aggregated_posterior(vae.networks_, X, n_samples=100)
    >>> 0 < found.mutual_information < math.log(2)  # which of the two patterns
    True
    """
    for name, count in (("n_samples", n_samples), ("pairs_at_once", pairs_at_once)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}.")
    loc, scale = encoded(networks, X)
    n_data, n_dims = loc.shape
    noise = DatumNoise.from_generator(
        torch_generator(random_state), n_data, loc.dtype, loc.device
    ).normal(n_samples, n_dims)
    size = max(1, pairs_at_once // (n_data * n_samples))
    rows = zip(loc.split(size), scale.split(size), noise.split(size), strict=True)
    information = torch.cat([_information(*row, loc, scale) for row in rows])
    rate = float(rate_per_dimension(loc, scale).sum(-1).mean())
    mutual = float(information.mean())
    spread = information.var(1) if n_samples > 1 else torch.full((n_data,), math.nan)
    return AggregatedPosterior(
        rate=rate,
        mutual_information=mutual,
        marginal_divergence=rate - mutual,
        monte_carlo_error=float((spread.sum() / n_samples).sqrt()) / n_data,
        n_data=n_data,
    )


def _information(
    loc: Tensor, scale: Tensor, epsilon: Tensor, all_loc: Tensor, all_scale: Tensor
) -> Tensor:
    """log q(z | x_n) − log q(z) for the draws of some rows, (B, S)."""
    z = loc[:, None] + scale[:, None] * epsilon
    own = -0.5 * epsilon.square().sum(-1) - scale.log().sum(-1)[:, None]
    pairs = _log_densities(z.flatten(0, 1), all_loc, all_scale)
    marginal = pairs.logsumexp(1).unflatten(0, own.shape) - math.log(len(all_loc))
    return own - marginal


def _log_densities(z: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """log N(z_i; loc_m, diag(scale_m²)) + ½ J log 2π, (M, N), by two matrix products."""
    precision = scale.square().reciprocal()
    constant = -0.5 * (loc.square() * precision).sum(-1) - scale.log().sum(-1)
    return constant + z @ (loc * precision).T - 0.5 * z.square() @ precision.T
