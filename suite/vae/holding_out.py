"""Which data a fit does not learn from, so that it can tell when to stop."""

import torch
from torch import Tensor

from suite.errors import InputError
from suite.vae.likelihoods import Likelihood, is_bits


def hold_out(
    X: Tensor, fraction: float, likelihood: Likelihood, seed: int
) -> tuple[Tensor, Tensor]:
    """X (N, D) as the rows to learn from and those to score, the latter a `fraction` of N.

    Where the likelihood scores bits and X is grey, the held-out bits are drawn once, so that every
    epoch is scored on the same data.

    Raises
    ------
    InputError
        If either part would be empty.

    Examples
    --------
    >>> from suite.vae.likelihoods import likelihood_named
    >>> [len(part) for part in hold_out(torch.eye(8), 0.25, likelihood_named("bernoulli"), 0)]
    [6, 2]
    """
    count = round(fraction * len(X))
    if not 0 < count < len(X):
        raise InputError(
            f"validation_fraction={fraction:g} of {len(X)} rows leaves {len(X) - count} to learn "
            f"from and {count} to stop by; give more rows or another fraction, or patience=None."
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(X), generator=generator).to(X.device)
    held_out = X[order[:count]]
    if likelihood.redraw is not None and not is_bits(X):
        held_out = likelihood.redraw(held_out.cpu(), generator).to(X.device)
    return X[order[count:].sort().values], held_out
