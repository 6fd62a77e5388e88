"""Small data and networks that the VAE tests share."""

import numpy as np
import torch
from scipy.stats import norm

from suite.random import torch_generator
from suite.vae import VAENetworks, build_networks

LIKELIHOOD_NAMES = [
    "bernoulli",
    "bernoulli-grey",
    "continuous-bernoulli",
    "continuous-bernoulli-unnormalised",
    "gaussian",
    "laplace",
]


def grey(n=60, d=12, seed=0):
    """Pixel probabilities, a fifth of them exactly 0 and a fifth exactly 1."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.random((n, d)) * 1.4 - 0.2, 0, 1)


def bits(n=60, d=12, seed=0):
    """Bits with structure: two overlapping groups of pixels that switch together."""
    rng = np.random.default_rng(seed)
    on = rng.random((n, 2)) < 0.5
    probabilities = 0.1 + 0.8 * np.repeat(on, d // 2, axis=1)
    return (rng.random(probabilities.shape) < probabilities).astype(float)


def suitable(likelihood, n=60, d=12, seed=0):
    """Data that `likelihood` both trains on and scores."""
    if likelihood in ("gaussian", "laplace"):
        return np.random.default_rng(seed).normal(1.0, 3.0, (n, d))
    return bits(n, d, seed) if likelihood == "bernoulli" else grey(n, d, seed)


def tiny_networks(
    d=12, j=3, *, hidden_dims=(8,), activation="tanh", likelihood="bernoulli", seed=0
) -> VAENetworks:
    """Random float64 networks whose every weight and bias is away from its start."""
    generator = torch_generator(seed)
    networks = build_networks(
        d,
        j,
        hidden_dims=hidden_dims,
        activation=activation,
        likelihood=likelihood,
        generator=generator,
        dtype=torch.float64,
    )
    with torch.no_grad():
        for parameter in networks.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(0.3 * noise)
    return networks


def quantile(n_comparisons, error_rate=1e-6):
    """The two-sided normal quantile at which `n_comparisons` all hold but for `error_rate`."""
    return norm.isf(error_rate / 2 / n_comparisons)
