"""The training loop that both VAE twins and the plain autoencoder share.

Minibatch order, redrawn bits, optimizer, epochs, the callback and the check for divergence are
here, so that the twins differ in one thing only: how they compute the loss of a minibatch.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch._dynamo  # torch.optim does so when first used: it takes a second, so not in a fit
from torch import Tensor

from suite.progress import Callback, notify
from suite.random import RandomState, torch_generator
from suite.vae.likelihoods import is_bits
from suite.vae.networks import VAENetworks

Loss = Callable[[Tensor], Tensor]
"""A minibatch (B, D) -> the scalar to be minimised, in nats per datum."""


@dataclass(frozen=True)
class Streams:
    """Four independent sources of randomness, so that using one never shifts another.

    Parameters
    ----------
    weights
        For the starting weights; on the CPU.
    order
        For the order of the data in each epoch; on the CPU.
    bits
        For redrawn bits; on the device of the data.
    noise
        For the reparameterised draws of z; on the device of the data.
    """

    weights: torch.Generator
    order: torch.Generator
    bits: torch.Generator
    noise: torch.Generator

    @classmethod
    def from_random_state(
        cls, random_state: RandomState, device: torch.device | str = "cpu"
    ) -> "Streams":
        """The streams that `random_state` stands for: the same for every estimator."""
        root = torch_generator(random_state)
        weights, order, bits, noise = torch.randint(2**31 - 1, (4,), generator=root).tolist()
        return cls(
            weights=torch_generator(weights),
            order=torch_generator(order),
            bits=torch_generator(bits, device),
            noise=torch_generator(noise, device),
        )


def minibatches(
    n: int, batch_size: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> Iterator[Tensor]:
    """The indices 0…n−1 in random order, `batch_size` at a time; the last batch may be smaller.

    Examples
    --------
    >>> [len(batch) for batch in minibatches(7, 3, torch_generator(0))]
    [3, 3, 1]
    """
    yield from torch.randperm(n, generator=generator).to(device).split(batch_size)


def train(
    networks: VAENetworks,
    loss: Loss,
    X: Tensor,
    *,
    max_epochs: int,
    batch_size: int,
    learning_rate: float,
    streams: Streams,
    callback: Callback | None = None,
) -> list[float]:
    """Minimise `loss` over `networks` by Adam (Kingma and Ba 2015), in place.

    Parameters
    ----------
    X
        All training data (N, D), where the networks are.
    callback
        Called after each epoch with minus the epoch's mean loss and the live networks.

    Returns
    -------
    list of float
        Minus the mean loss of each epoch, in nats per datum: each minibatch is scored by the
        weights that it found, before its own step.

    Raises
    ------
    FloatingPointError
        If a loss or a weight is not finite.
    """
    optimizer = torch.optim.Adam(networks.parameters(), lr=learning_rate, fused=True)
    # On bits, drawing them anew would change nothing.
    redraw = None if is_bits(X) else networks.likelihood.redraw
    objectives: list[float] = []
    for epoch in range(1, max_epochs + 1):
        batches = (
            X.index_select(0, rows)
            for rows in minibatches(len(X), batch_size, streams.order, X.device)
        )
        if redraw is not None:
            batches = (redraw(x, streams.bits) for x in batches)
        objective = -_train_epoch(loss, batches, optimizer)
        _check_finite(objective, networks, epoch, learning_rate)
        objectives.append(objective)
        if notify(callback, epoch, objective, lambda: networks):
            break
    return objectives


@torch.enable_grad()
def _train_epoch(loss: Loss, batches: Iterator[Tensor], optimizer: torch.optim.Optimizer) -> float:
    """One step per minibatch; the mean loss over data."""
    losses, sizes = [], []
    for x in batches:
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        optimizer.step()
        losses.append(value.detach())
        sizes.append(len(x))
    # One transfer an epoch: reading each loss as it comes would make an accelerator wait.
    per_batch = torch.stack(losses).cpu().double()
    weights = torch.tensor(sizes, dtype=torch.float64)
    return float((per_batch * weights).sum() / weights.sum())


def _check_finite(
    objective: float, networks: VAENetworks, epoch: int, learning_rate: float
) -> None:
    finite = all(bool(weight.isfinite().all()) for weight in networks.parameters())
    if not (math.isfinite(objective) and finite):
        raise FloatingPointError(
            f"the fit diverged in epoch {epoch} (objective {objective:g} nats per datum); lower "
            f"learning_rate (now {learning_rate:g}) or bring the columns of X to a common scale."
        )
