"""Bits drawn anew from grey pixels."""

import numpy as np
import torch
from torch import Tensor

_FLOATS = {
    torch.float32: (np.uint32, np.float32, 9, 0x3F800000),
    torch.float64: (np.uint64, np.float64, 12, 0x3FF0000000000000),
}
"""For each precision: words of its size, itself, how many bits are no mantissa, and those of 1."""


def redraw_bits(x: Tensor, generator: "torch.Generator | BitStream") -> Tensor:
    """Independent bits with P(bit = 1) = x, of x's shape and dtype."""
    if isinstance(generator, BitStream):
        return generator.redraw(x)
    uniform = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return (uniform < x).to(x.dtype)


class BitStream:
    """Bits on the CPU, faster than from a `torch.Generator`.

    SFC64 (Doty-Humphrey 2014, in NumPy) fills a word of the size of x with random bits. With the
    exponent of 1 put over its first bits it is a float w, uniform in [1, 2), of as many random
    bits as x has in its mantissa; so w < 1 + x has the probability x, to half a unit in the last
    place of 1, and is certain where x is 0 or 1. It has the methods of `torch.Generator` that
    `suite.vae.streams` uses.

    Parameters
    ----------
    seed
        At least 0.

    Examples
    --------
    >>> BitStream(0).redraw(torch.tensor([0.0, 1.0, 1.0]))
    tensor([0., 1., 1.])
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._source = np.random.SFC64(seed)

    def redraw(self, x: Tensor) -> Tensor:
        """Independent bits with P(bit = 1) = x, of x's shape and dtype."""
        words, floats, shift, one = _FLOATS[x.dtype]
        raw = self._source.random_raw(-(-x.numel() * x.element_size() // 8))
        random = raw.view(words)[: x.numel()]
        random >>= shift
        random |= one
        w = torch.from_numpy(random.view(floats)).reshape(x.shape)
        bits = x + 1
        return torch.lt(w, bits, out=bits)

    def initial_seed(self) -> int:
        """What it was made from."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the stream stands: four words."""
        state: np.ndarray = self._source.state["state"]["state"]
        return torch.from_numpy(state.view(np.int64).copy())

    def set_state(self, state: Tensor) -> None:
        """Go on from where `state` was taken."""
        whole = self._source.state
        whole["state"]["state"] = state.numpy().view(np.uint64)
        self._source.state = whole
