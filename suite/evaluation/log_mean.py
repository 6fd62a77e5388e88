"""Means of weights that are known by their logarithms, and how exact such a mean is."""

import math

import torch
from torch import Tensor


def log_mean_exp(log_w: Tensor) -> Tensor:
    """log of the mean of exp(log_w) over the last dimension.

    Examples
    --------
    >>> float(log_mean_exp(torch.tensor([1000.0, 1000.0])))
    1000.0
    """
    return log_w.logsumexp(-1) - math.log(log_w.shape[-1])


def effective_sample_size(log_w: Tensor) -> Tensor:
    """(Σ w)² / Σ w² over the last dimension, between 1 and its length (Kong 1992).

    Examples
    --------
    >>> round(float(effective_sample_size(torch.zeros(4))), 3)
    4.0
    """
    return (2 * log_w.logsumexp(-1) - (2 * log_w).logsumexp(-1)).exp()


def log_mean_exp_variance(log_w: Tensor) -> Tensor:
    """The variance of `log_mean_exp` for independent weights, nats²; NaN for a single one.

    By the delta method: Var(log w̄) ≈ Var(w) / (S w̄²), which is (S / ESS − 1) / (S − 1).

    Examples
    --------
    >>> round(float(log_mean_exp_variance(torch.tensor([1.0, 3.0]).log())), 3)
    0.25
    """
    n_draws = log_w.shape[-1]
    if n_draws == 1:
        return torch.full_like(log_w[..., 0], math.nan)
    return ((n_draws / effective_sample_size(log_w) - 1) / (n_draws - 1)).clamp(min=0)
