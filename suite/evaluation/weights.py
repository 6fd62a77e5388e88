"""The primitive of a VAE's evaluation: the log importance weights

    log w_s = log p(x | z_s) + log p(z_s) − log q(z_s | x),   z_s ~ q(z | x).

Noise is drawn image by image, in order, from one generator on the CPU: the draws for an image
depend on the generator and on the images before it, never on `batch_size` or the device.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.latent_model import LatentModel

DECODED_AT_ONCE = 4096
"""(datum, z) pairs that pass through the decoder at once: their logits stay near the cache."""


class Draws(NamedTuple):
    """B consecutive data with S draws each: two of (B, S), and the closed-form rates.

    Parameters
    ----------
    log_likelihood
        log p(x | z_s), nats.
    log_ratio
        log p(z_s) − log q(z_s | x), nats.
    rates
        KL(q(z_j | x) ‖ p(z_j)) of every latent dimension, nats: (B, J).
    """

    log_likelihood: Tensor
    log_ratio: Tensor
    rates: Tensor

    @property
    def log_weights(self) -> Tensor:
        """log w_s, nats."""
        return self.log_likelihood + self.log_ratio


@torch.no_grad()
def log_weights(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    n_samples: int,
    generator: torch.Generator,
    *,
    batch_size: int = DECODED_AT_ONCE,
) -> Tensor:
    """log p(x, z_s) − log q(z_s | x) in nats for z_s ~ q(z | x): (n_samples, N).

    Parameters
    ----------
    networks
        `networks_` of a fitted VAE, or any `LatentModel`.
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

    Examples
    --------
    >>> from suite.vae import build_networks
    >>> networks = build_networks(3, 1, generator=torch.Generator().manual_seed(0))
    >>> log_weights(networks, torch.zeros(4, 3), 10, torch.Generator().manual_seed(1)).shape
    torch.Size([10, 4])
    """
    groups = grouped_draws(networks, X, n_samples, generator, batch_size=batch_size)
    return torch.cat([group.log_weights for group in groups]).T


def grouped_draws(
    networks: LatentModel,
    X: ArrayLike | Tensor,
    n_samples: int,
    generator: torch.Generator,
    *,
    batch_size: int = DECODED_AT_ONCE,
) -> Iterator[Draws]:
    """X in groups of at most `batch_size` (datum, z) pairs, or of one datum if S is larger.

    A group holds max(`batch_size`, S) codes of J numbers, and `batch_size` rows of the decoder's
    widest layer, whatever N is. Each datum is encoded once.

    Raises
    ------
    InputError
        As `log_weights`, and if a count is below 1.
    """
    check_variational(networks)
    for name, count in (("n_samples", n_samples), ("batch_size", batch_size)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}.")
    data = networks.as_scored(X)
    for x in data.split(max(1, batch_size // n_samples)):
        loc, scale = networks.encode(x)
        noise = [
            torch.randn((n_samples, loc.shape[-1]), generator=generator, dtype=loc.dtype)
            for _ in range(len(x))
        ]
        epsilon = torch.stack(noise).to(loc.device)
        yield draws_at(networks, x, loc, scale, epsilon, batch_size=batch_size)


def joined(parts: Iterable[Tensor], n: int) -> Tensor:
    """What was kept of each group, (…, B), as one tensor on the CPU (…, n).

    It is filled as the groups come. A small tensor kept from each would lie where a group's large
    ones had been, so that those of the next find no room there and the process grows by megabytes
    a group.

    Examples
    --------
    >>> joined([torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])], 3)
    tensor([[1., 2., 3.]])
    """
    whole = torch.empty(0)
    start = 0
    for part in parts:
        if start == 0:
            whole = torch.empty((*part.shape[:-1], n), dtype=part.dtype)
        end = start + part.shape[-1]
        whole[..., start:end] = part
        start = end
    return whole


def draws_at(
    networks: LatentModel,
    x: Tensor,
    loc: Tensor,
    scale: Tensor,
    epsilon: Tensor,
    *,
    batch_size: int = DECODED_AT_ONCE,
) -> Draws:
    """The draws z = loc + scale · ε for x (B, D), any q of loc and scale (B, J), ε (B, S, J)."""
    z = loc[:, None] + scale[:, None] * epsilon
    at_once = max(1, batch_size // len(x))
    log_likelihood = torch.cat(
        [networks.log_likelihood(x[:, None], part) for part in z.split(at_once, dim=1)], dim=1
    )
    # log p(z) − log q(z | x): the constants of the two Gaussians cancel.
    log_ratio = (0.5 * (epsilon.square() - z.square())).sum(-1) + scale.log().sum(-1)[:, None]
    return Draws(log_likelihood, log_ratio, rate_per_dimension(loc, scale))


def rate_per_dimension(loc: Tensor, scale: Tensor) -> Tensor:
    """KL(N(loc_j, scale_j²) ‖ N(0, 1)) in nats, elementwise (Kingma and Welling 2014, appendix B).

    Examples
    --------
    >>> rate_per_dimension(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 1.0]))
    tensor([2., 0.])
    """
    variance = scale.square()
    return 0.5 * (loc.square() + variance - 1 - variance.log())


def check_variational(networks: LatentModel) -> None:
    """Refuse a plain autoencoder.

    Raises
    ------
    InputError
        If the networks are no VAE's.
    """
    if not networks.variational:
        raise InputError(
            "a plain autoencoder has no bound and no log-likelihood; compare it by "
            "reconstruction_error."
        )
