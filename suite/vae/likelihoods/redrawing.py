"""Bits drawn anew from grey pixels."""

import torch
from torch import Tensor


def redraw_bits(x: Tensor, generator: torch.Generator) -> Tensor:
    """Independent bits with P(bit = 1) = x, of x's shape and dtype."""
    uniform = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return (uniform < x).to(x.dtype)
