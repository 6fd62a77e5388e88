"""The identity where everything in it is known: a linear decoder with Gaussian noise, on images."""

import math

import numpy as np
import torch

from studies.tour.checks import Check, at_most, equal
from studies.tour.settings import TourSettings
from studies.tour.store import Measured
from suite.data import load
from suite.evaluation import (
    LinearGaussian,
    LinearGaussianPosterior,
    linear_gaussian_log_likelihood,
    linear_gaussian_posterior,
    log_weights,
    probabilistic_pca,
)
from suite.random import torch_generator
from suite.vae import VAENetworks, build_networks

_DRAWS = 20
_SHIFT, _STRETCH = 0.3, 1.5


def measure_linear(settings: TourSettings) -> Measured:
    """Probabilistic PCA of grey images as a VAE, with its best encoder and with a spoilt one."""
    images = load("mnist", bundled=True).train[: settings.linear_images].astype(np.float64)
    model = probabilistic_pca(images, settings.linear_dim)
    X = images[: settings.images]
    exact = linear_gaussian_log_likelihood(X, model)
    posterior = linear_gaussian_posterior(X, model)
    right = np.sqrt(np.diag(posterior.covariance))
    loc, scale = posterior.mean + _SHIFT, np.broadcast_to(right * _STRETCH, posterior.mean.shape)
    spoilt = linear_elbo(X, model, loc, scale)
    kl = gaussian_kl(posterior, loc, scale)
    drawn = log_weights(
        as_networks(model, right), X, _DRAWS, torch_generator(settings.seed)
    ).numpy()
    data = f"{len(X)} grey images, {X.shape[1]} pixels, {settings.linear_dim} code dimensions"
    # The covariance is inverted by way of a matrix of this condition, which rounding grows by.
    condition = float(np.linalg.cond(model.W.T @ model.W + model.variance * np.eye(len(model.W.T))))
    more = 10 * np.finfo(np.float64).eps * condition * float(np.abs(exact).max())
    because = "that of a matrix inverse"
    checks: tuple[Check, ...] = (
        equal(
            "linear-identity",
            exact,
            spoilt + kl,
            terms=X.shape[1],
            more=more,
            because=because,
            data=data,
        ),
        equal(
            "linear-tight",
            np.tile(exact, _DRAWS),
            drawn.ravel(),
            terms=X.shape[1],
            more=more,
            because=because,
            data=f"{data}, {_DRAWS} draws each",
        ),
        at_most(
            "linear-below",
            spoilt,
            exact,
            tolerance=more,
            why="rounding of a matrix inverse",
            data=data,
        ),
    )
    values = {
        "linear_log_p": exact.mean(),
        "linear_elbo": spoilt.mean(),
        "linear_kl": kl.mean(),
        "linear_dim": settings.linear_dim,
        "linear_shift": _SHIFT,
        "linear_stretch": _STRETCH,
    }
    return Measured({}, {name: float(value) for name, value in values.items()}, checks)


def linear_elbo(
    X: np.ndarray, model: LinearGaussian, loc: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """The bound for q = N(loc, diag(scale²)), every mean in closed form: (N,) nats.

    E_q log N(x; W z + b, σ² I) is its value at loc less tr(Wᵀ W diag(scale²)) / 2σ².
    """
    residual = X - loc @ model.W.T - model.b
    spread = (scale**2 * (model.W**2).sum(0)).sum(1)
    expected = -0.5 * (
        X.shape[1] * math.log(2 * math.pi * model.variance)
        + ((residual**2).sum(1) + spread) / model.variance
    )
    rate = 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale)).sum(1)
    bound: np.ndarray = expected - rate
    return bound


def gaussian_kl(
    posterior: LinearGaussianPosterior, loc: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """KL(N(loc, diag(scale²)) ‖ N(mean, covariance)) in nats: (N,)."""
    precision = np.linalg.inv(posterior.covariance)
    offset = loc - posterior.mean
    _, log_determinant = np.linalg.slogdet(posterior.covariance)
    found: np.ndarray = 0.5 * (
        (scale**2 * np.diag(precision)).sum(1)
        + ((offset @ precision) * offset).sum(1)
        - loc.shape[1]
        + log_determinant
        - 2 * np.log(scale).sum(1)
    )
    return found


def as_networks(model: LinearGaussian, scale: np.ndarray) -> VAENetworks:
    """The suite's own networks that are this model, with the exact posterior for an encoder.

    Parameters
    ----------
    scale
        (J,): the posterior's, the same for every x; its covariance is diagonal.
    """
    D, J = model.W.shape
    networks = build_networks(
        D,
        J,
        hidden_dims=(),
        likelihood="gaussian",
        generator=torch_generator(0),
        dtype=torch.float64,
    )
    to_code = np.linalg.solve(model.W.T @ model.W + model.variance * np.eye(J), model.W.T)
    weights = {
        "encoder.loc.weight": to_code,
        "encoder.loc.bias": -to_code @ model.b,
        "encoder.log_scale.weight": np.zeros((J, D)),
        "encoder.log_scale.bias": np.log(scale),
        "decoder.output.weight": model.W,
        "decoder.output.bias": model.b,
        "decoder.log_scale": np.array(0.5 * math.log(model.variance)),
    }
    networks.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return networks
