"""Noise whose value for a datum depends on nothing but the seed and the datum's place."""

from typing import Self

import torch
from torch import Tensor


class DatumNoise:
    """One stream of random numbers per datum, for chains that run through many steps.

    A datum's stream is the same in whatever batch it is worked on and on every device: numbers
    are drawn on the CPU and moved.

    Parameters
    ----------
    streams
        A CPU generator per datum.
    dtype, device
        Of what is drawn.
    """

    def __init__(
        self, streams: list[torch.Generator], dtype: torch.dtype, device: torch.device
    ) -> None:
        self.streams = streams
        self.dtype = dtype
        self.device = device

    @classmethod
    def from_generator(
        cls, generator: torch.Generator, n_data: int, dtype: torch.dtype, device: torch.device
    ) -> Self:
        """Streams seeded one after the other from `generator`, which advances by n_data draws."""
        seeds = [torch.randint(2**62, (), generator=generator) for _ in range(n_data)]
        streams = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        return cls(streams, dtype, device)

    def split(self, size: int) -> list["DatumNoise"]:
        """The same streams in groups of at most `size` data."""
        groups = [self.streams[i : i + size] for i in range(0, len(self.streams), size)]
        return [DatumNoise(group, self.dtype, self.device) for group in groups]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, (N, *shape)."""
        drawn = [torch.randn(shape, generator=one, dtype=self.dtype) for one in self.streams]
        return torch.stack(drawn).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), (N, *shape)."""
        drawn = [torch.rand(shape, generator=one, dtype=self.dtype) for one in self.streams]
        return torch.stack(drawn).to(self.device)
