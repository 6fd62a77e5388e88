"""What a VAE's training must do beside its matrix products, each part timed here and now.

A step moves rows from the data into a minibatch (and draws their bits, where they are drawn anew),
scores the decoder's output with its slope, and lets Adam read and write every weight, its slope and
its two moments. None of it is a product of matrices. A loop that does these parts and the products
one after another takes no less than their sum, unless some of them are fused. Activations, noise,
the divergence and dispatching come on top.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from studies.epoch_products import median_seconds
from suite.random import torch_generator
from suite.vae import VAENetworks
from suite.vae.adam import Adam
from suite.vae.learner import trained_weights
from suite.vae.likelihoods import BitStream, is_bits
from suite.vae.streams import minibatches


@dataclass(frozen=True)
class EpochParts:
    """Seconds of an epoch that its parts beside the matrix products take, each alone.

    Parameters
    ----------
    optimizer
        Adam's updates of all weights.
    minibatches
        Gathering each minibatch's rows, in a random order, and drawing their bits where X is grey.
    likelihood
        log p(x | z) of given parameters, and its slope by them.
    """

    optimizer: float
    minibatches: float
    likelihood: float


def measure_epoch_parts(networks: VAENetworks, X: Tensor, batch_size: int) -> EpochParts:
    """Time the parts of one epoch on this process's threads; `networks` stay as they are.

    Parameters
    ----------
    X
        The training data (N, D), of the networks' precision.
    batch_size
        B. A last minibatch that is smaller counts by its rows.
    """
    steps = len(X) / batch_size
    return EpochParts(
        optimizer=steps * median_seconds(_update(networks)),
        minibatches=median_seconds(_gather(networks, X, batch_size)),
        likelihood=steps * median_seconds(_score(networks, X[:batch_size])),
    )


def _update(networks: VAENetworks) -> Callable[[], object]:
    weights = {name: w.detach().clone() for name, w in trained_weights(networks).items()}
    slopes = [torch.ones_like(weight) for weight in weights.values()]
    adam = Adam(weights)
    return lambda: adam.step(slopes, learning_rate=1e-3)


def _gather(networks: VAENetworks, X: Tensor, batch_size: int) -> Callable[[], object]:
    """All minibatches of one epoch, as `suite.vae.training` makes them."""
    redraw = None if is_bits(X) else networks.likelihood.redraw
    order, bits = torch_generator(0), BitStream(0)

    def epoch() -> None:
        for rows in minibatches(len(X), batch_size, order):
            x = X.index_select(0, rows)
            if redraw is not None:
                redraw(x, bits)

    return epoch


def _score(networks: VAENetworks, x: Tensor) -> Callable[[], object]:
    with torch.no_grad():
        parameters = networks.decoder(x.new_zeros(len(x), networks.latent_dim))
    given = tuple(parameter.clone().requires_grad_() for parameter in parameters)
    log_prob = networks.likelihood.log_prob
    return lambda: torch.autograd.grad(-log_prob(x, given).mean(), given)
