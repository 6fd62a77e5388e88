"""Linear-Gaussian models with networks that compute them exactly, for the tests of scores."""

import numpy as np
import torch
from scipy.stats import multivariate_normal

from suite.evaluation import LinearGaussian, linear_gaussian_posterior
from suite.vae import VAENetworks
from tests.vae.toys import tiny_networks


def orthogonal_model(d=6, j=2, *, variance=0.25, lengths=(2.0, 0.7), seed=0) -> LinearGaussian:
    """Loadings with orthogonal columns, so that the exact posterior has independent dimensions."""
    rng = np.random.default_rng(seed)
    W = np.linalg.qr(rng.normal(size=(d, j)))[0] * lengths
    return LinearGaussian(W=W, b=rng.normal(size=d), variance=variance)


def oblique_model(d=6, j=3, *, variance=0.25, seed=0) -> LinearGaussian:
    """Loadings without structure: the exact posterior is correlated."""
    rng = np.random.default_rng(seed)
    return LinearGaussian(W=rng.normal(size=(d, j)), b=rng.normal(size=d), variance=variance)


def linear_networks(model: LinearGaussian, *, wrong=0.0, dtype=torch.float64) -> VAENetworks:
    """The model as networks whose encoder has its posterior's mean and marginal deviations.

    It is the exact posterior where that has independent dimensions. `wrong` is added to its mean
    and to its log scale.
    """
    D, J = model.W.shape
    networks = tiny_networks(D, J, hidden_dims=(), likelihood="gaussian")
    at_zero = linear_gaussian_posterior(np.zeros((1, D)), model)
    slope = linear_gaussian_posterior(np.eye(D), model).mean - at_zero.mean
    weights = {
        "encoder.loc.weight": slope.T,
        "encoder.loc.bias": at_zero.mean[0] + wrong,
        "encoder.log_scale.weight": np.zeros((J, D)),
        "encoder.log_scale.bias": 0.5 * np.log(np.diag(at_zero.covariance)) + wrong,
        "decoder.output.weight": model.W,
        "decoder.output.bias": model.b,
        "decoder.log_scale": 0.5 * np.log(model.variance),
    }
    networks.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return networks.to(dtype)


def density(model: LinearGaussian):
    """N(b, W Wᵀ + σ² I) written out, by SciPy."""
    D = len(model.b)
    return multivariate_normal(model.b, model.W @ model.W.T + model.variance * np.eye(D))


def drawn(model: LinearGaussian, n=200, seed=0) -> np.ndarray:
    """Data from the model."""
    return density(model).rvs(n, random_state=np.random.default_rng(seed)).reshape(n, -1)
