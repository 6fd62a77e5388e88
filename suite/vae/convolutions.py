"""A small convolutional pair for pictures in rows: halving and doubling, by strides of 2."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

Shape = tuple[int, int, int]
"""(channels, height, width)."""

_KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}  # height h becomes ⌊h/2⌋


class Convolutions(nn.Module):
    """Pictures in rows to features in rows: (…, D) -> (…, C·h·w).

    Parameters
    ----------
    shapes
        Before the first convolution and after each.
    activation
        After each.
    generator
        Of the Glorot-uniform kernels.
    """

    def __init__(
        self, shapes: Sequence[Shape], activation: type[nn.Module], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.shape = tuple(shapes[0])
        layers: list[nn.Module] = []
        for before, after in pairwise(shapes):
            layer = skip_init(nn.Conv2d, before[0], after[0], dtype=torch.float64, **_KERNEL)
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
            layers += [layer, activation()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, C·h·w)."""
        features: Tensor = self.layers(x.reshape(-1, *self.shape))
        return features.reshape(*x.shape[:-1], -1)


class Deconvolutions(nn.Module):
    """Features in rows to pictures in rows, `Convolutions` backwards: (…, C·h·w) -> (…, D).

    It ends in a bias for each pixel, so that a mean picture can be started from.
    """

    def __init__(
        self, shapes: Sequence[Shape], activation: type[nn.Module], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.shape = tuple(shapes[-1])
        layers: list[nn.Module] = []
        for before, after in pairwise(reversed(shapes)):
            # A side that was odd had its last row left over when it was halved.
            odd = (after[1] - 2 * before[1], after[2] - 2 * before[2])
            layer = skip_init(
                nn.ConvTranspose2d,
                before[0],
                after[0],
                output_padding=odd,
                bias=after != shapes[0],  # the bias for each pixel stands in for the last
                dtype=torch.float64,
                **_KERNEL,
            )
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
            layers += [layer, activation()]
        self.layers = nn.Sequential(*layers[:-1])
        depth, height, width = shapes[0]
        self.bias = nn.Parameter(torch.zeros(depth * height * width, dtype=torch.float64))

    def forward(self, features: Tensor) -> Tensor:
        """(…, C·h·w) -> (…, D)."""
        pictures: Tensor = self.layers(features.reshape(-1, *self.shape))
        return pictures.reshape(*features.shape[:-1], -1) + self.bias
