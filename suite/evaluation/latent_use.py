"""How a VAE uses its latent dimensions: the rate of each, and which are active."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.evaluation.latent_model import LatentModel
from suite.evaluation.weights import DECODED_AT_ONCE, check_variational, rate_per_dimension

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

ACTIVE_ABOVE = 0.01
"""The variance of a unit's posterior mean from which it counts as active (Burda et al. 2016)."""


@dataclass(frozen=True, eq=False)
class LatentUse:
    """What each of J latent dimensions carries, over N data.

    Parameters
    ----------
    rate
        The mean of KL(q(z_j | x) ‖ p(z_j)), nats per datum, (J,): they add up to the rate.
    posterior_mean_variance
        The variance over data of E[z_j | x], (J,), in units of the prior's variance.
    active
        Whether that is above the threshold, (J,).
    """

    rate: FloatArray
    posterior_mean_variance: FloatArray
    active: BoolArray

    @property
    def n_active(self) -> int:
        """How many units are active."""
        return int(self.active.sum())


def latent_use(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    *,
    threshold: float = ACTIVE_ABOVE,
    batch_size: int = DECODED_AT_ONCE,
) -> LatentUse:
    """Rates and active units on X (N, D), in closed form from one pass through the encoder.

    A unit is active if Var_x E_q[z_j | x] > `threshold` (Burda et al. 2016, section 2); the
    variance is over the given data, divided by N.

    Raises
    ------
    InputError
        If the likelihood does not score such data or the networks are no VAE's.

    Examples
    --------
    >>> from suite.vae import TorchVAE
    >>> X = np.kron(np.repeat(np.eye(2), 20, axis=0), np.ones(10))  # two patterns of 20 pixels
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=20, batch_size=4, random_state=0).fit(X)
    >>> latent_use(vae.networks_, X).n_active
    1
    """
    loc, scale = encoded(networks, X, batch_size=batch_size)
    variance: FloatArray = loc.var(0, correction=0).numpy()
    return LatentUse(
        rate=rate_per_dimension(loc, scale).mean(0).numpy(),
        posterior_mean_variance=variance,
        active=variance > threshold,
    )


def encoded(
    networks: LatentModel, X: ArrayLike | Tensor, *, batch_size: int = DECODED_AT_ONCE
) -> tuple[Tensor, Tensor]:
    """loc and scale of q(z | x) for all of X, two of (N, J) in float64 on the CPU.

    Raises
    ------
    InputError
        As `latent_use`.
    """
    check_variational(networks)
    parts = list(_parts(networks, networks.as_scored(X), batch_size))
    return torch.cat([loc for loc, _ in parts]), torch.cat([scale for _, scale in parts])


@torch.no_grad()
def _parts(networks: LatentModel, data: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    for x in data.split(batch_size):
        loc, scale = networks.encode(x)
        yield loc.cpu().double(), scale.cpu().double()
