"""The importance-weighted bound on log p(x) for several numbers of samples, from one pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import (
    effective_sample_size,
    log_mean_exp,
    log_mean_exp_variance,
)
from suite.evaluation.weights import (
    DECODED_AT_ONCE,
    check_variational,
    grouped_draws,
    joined,
)
from suite.random import RandomState, torch_generator

FloatArray = NDArray[np.floating[Any]]

LADDER = (1, 10, 100, 1000, 5000)
"""The numbers of samples that are usually reported; Burda et al. 2016 score with 5,000."""


@dataclass(frozen=True, eq=False)
class ImportanceLadder:
    """The bounds L_K on log p(x) for R numbers of samples K and N data, in nats.

    Parameters
    ----------
    n_samples
        The K, rising.
    n_draws
        S, how many z were drawn per datum; L_K is the mean over ⌊S / K⌋ disjoint blocks of K.
    log_likelihood
        L_K(x), (R, N).
    variance
        Its Monte Carlo variance, nats², (R, N): the variance over blocks divided by their number;
        where there is only one block, by the delta method; NaN for a single draw. Over few blocks
        it is rough for one datum and good in sums over data.
    effective_sample_size
        (Σ w)² / Σ w² of a block, between 1 and K: the mean over blocks, (R, N). Where it is far
        below K the bound is loose.
    likelihood, is_density
        The name of p(x | z), and whether these are log probabilities at all.
    """

    n_samples: tuple[int, ...]
    n_draws: int
    log_likelihood: FloatArray
    variance: FloatArray
    effective_sample_size: FloatArray
    likelihood: str
    is_density: bool

    @property
    def mean_log_likelihood(self) -> FloatArray:
        """The mean bound for each K, nats per datum: (R,)."""
        means: FloatArray = self.log_likelihood.mean(1)
        return means

    @property
    def standard_error(self) -> FloatArray:
        """How far each mean would move with other data from the same source, in nats: (R,).

        The standard deviation over data divided by √N; NaN for a single datum.
        """
        n_data = self.log_likelihood.shape[1]
        if n_data < 2:
            return np.full(len(self.n_samples), math.nan)
        errors: FloatArray = self.log_likelihood.std(1, ddof=1) / math.sqrt(n_data)
        return errors

    @property
    def monte_carlo_error(self) -> FloatArray:
        """How far each mean would move with other draws of z, in nats: (R,)."""
        errors: FloatArray = np.sqrt(self.variance.sum(1)) / self.variance.shape[1]
        return errors

    @property
    def mean_effective_sample_size(self) -> FloatArray:
        """The mean over data for each K: (R,)."""
        means: FloatArray = self.effective_sample_size.mean(1)
        return means


def importance_ladder(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    n_samples: Sequence[int] = LADDER,
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> ImportanceLadder:
    """L_K(x) = E log (1/K) Σ_k w_k for every K in `n_samples` (Burda et al. 2016, equation 8).

    S = max K weights are drawn per datum, and each bound takes all of them: L_K is the mean of
    log-mean-exp over ⌊S / K⌋ disjoint blocks, so that small K cost nothing and have a smaller
    variance. L_1 is the ELBO by sampling; E L_K rises with K to log p(x), and where one K divides
    the next and S, so do the estimates, datum by datum (Jensen's inequality). For K = S the draws
    and the bound are `evaluate_vae`'s.

    Each datum is encoded once. Beside X and the result, the largest tensors are of
    max(`batch_size`, S) codes of J numbers and of `batch_size` rows of the decoder's widest layer,
    whatever N is.

    Parameters
    ----------
    n_samples
        The K, in any order.
    random_state
        The same one gives the same bounds, whatever `batch_size` is and up to rounding on every
        device.
    batch_size
        How many (datum, z) pairs are decoded at once.
    device
        Where to compute; None means where the networks are. They are returned to their place.

    Raises
    ------
    InputError
        If a K is below 1 or comes twice, the likelihood gives such data no probability or the
        networks are no VAE's.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> found = importance_ladder(vae.networks_, X, n_samples=(1, 5, 50))
    >>> bool((np.diff(found.log_likelihood, axis=0) > 0).all())
    True
    """
    rungs = tuple(sorted(n_samples))
    if not rungs or rungs[0] < 1 or len(set(rungs)) < len(rungs):
        raise InputError(
            f"n_samples must be different integers of at least 1, got {tuple(n_samples)}; for "
            f"example {LADDER}."
        )
    with placed(networks, device), torch.no_grad():
        generator = torch_generator(random_state)
        check_variational(networks)
        data = networks.as_scored(X)
        groups = grouped_draws(networks, data, rungs[-1], generator, batch_size=batch_size)
        climbed = (_climb(group.log_weights.cpu().double(), rungs) for group in groups)
        bounds, variances, sizes = joined(climbed, len(data)).numpy()
    return ImportanceLadder(
        n_samples=rungs,
        n_draws=rungs[-1],
        log_likelihood=bounds,
        variance=variances,
        effective_sample_size=sizes,
        likelihood=networks.likelihood.name,
        is_density=networks.likelihood.is_density,
    )


def _climb(log_w: Tensor, rungs: tuple[int, ...]) -> Tensor:
    """Bounds, their variances and effective sample sizes, (3, R, B), of log weights (B, S)."""
    return torch.stack([_rung(log_w, K) for K in rungs], dim=1)


def _rung(log_w: Tensor, K: int) -> Tensor:
    n_blocks = log_w.shape[1] // K
    blocks = log_w[:, : n_blocks * K].unflatten(1, (n_blocks, K))
    bounds = log_mean_exp(blocks)
    variance = bounds.var(1) / n_blocks if n_blocks > 1 else log_mean_exp_variance(blocks)[:, 0]
    return torch.stack([bounds.mean(1), variance, effective_sample_size(blocks).mean(1)])
