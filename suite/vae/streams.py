"""Where a fit's randomness comes from, and the order that its data come in."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.random import RandomState, torch_generator
from suite.vae.likelihoods import BitStream


@dataclass(frozen=True)
class Streams:
    """Five independent sources of randomness, so that using one never shifts another.

    Parameters
    ----------
    weights
        For the starting weights; on the CPU.
    order
        For the order of the data in each epoch; on the CPU.
    bits
        For redrawn bits; on the device of the data, on the CPU a faster one than torch's.
    noise
        For the reparameterised draws of z; on the device of the data.
    held_out
        For which data are held out, and their bits; on the CPU.
    """

    weights: torch.Generator
    order: torch.Generator
    bits: torch.Generator | BitStream
    noise: torch.Generator
    held_out: torch.Generator

    @classmethod
    def from_random_state(
        cls, random_state: RandomState, device: torch.device | str = "cpu"
    ) -> "Streams":
        """The streams that `random_state` stands for: the same for every estimator."""
        root = torch_generator(random_state)
        weights, order, bits, noise = torch.randint(2**31 - 1, (4,), generator=root).tolist()
        held_out = int(torch.randint(2**31 - 1, (), generator=root))
        return cls(
            weights=torch_generator(weights),
            order=torch_generator(order),
            bits=_bits(bits, device),
            noise=torch_generator(noise, device),
            held_out=torch_generator(held_out),
        )

    def states(self) -> dict[str, Tensor]:
        """Where each stream stands, by name: what `restore` takes."""
        return {name: generator.get_state() for name, generator in vars(self).items()}

    def restore(self, states: dict[str, Tensor]) -> None:
        """Go on from where `states` was taken."""
        for name, state in states.items():
            getattr(self, name).set_state(state)


def _bits(seed: int, device: torch.device | str) -> torch.Generator | BitStream:
    on_cpu = torch.device(device).type == "cpu"
    return BitStream(seed) if on_cpu else torch_generator(seed, device)


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
