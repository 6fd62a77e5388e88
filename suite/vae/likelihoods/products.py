"""The inner product that the likelihoods of an exponential family share."""

import torch
from torch import Tensor


def dot(x: Tensor, natural: Tensor) -> Tensor:
    """Σ_d x_d η_d, batch dimensions broadcast: a matrix product where several η go with one x.

    That spares the (…, D) tensor of products.

    Examples
    --------
    >>> dot(torch.ones(2, 1, 3), torch.ones(2, 5, 3)).shape
    torch.Size([2, 5])
    """
    return torch.einsum("...d,...d->...", x, natural)
