"""Maximum likelihood finds the truth that made the data, within the error it has in theory."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from suite.gmm import EMGaussianMixture, MixtureParameters
from suite.gmm.covariance import covariance_type_named
from tests.gmm.mixtures import TYPES, rows_from

N = 4000


def _truth(kind: str) -> MixtureParameters:
    full = np.array([[[1.0, 0.3], [0.3, 0.5]], [[0.6, -0.2], [-0.2, 1.2]]])
    covariances = {
        "full": full,
        "tied": full[0],
        "diag": full.diagonal(axis1=1, axis2=2),
        "spherical": np.array([0.5, 1.2]),
        "tied_diag": full[0].diagonal(),
        "tied_spherical": np.array(0.8),
    }[kind]
    return MixtureParameters([0.35, 0.65], [[0.0, 0.0], [2.5, 1.5]], covariances, kind)


def _free(mixture: MixtureParameters) -> Tensor:
    """The free parameters in a row: a weight, the means, and the distinct covariances."""
    covariances = np.asarray(mixture.covariances)
    if covariance_type_named(mixture.covariance_type).has_matrices:
        rows, columns = np.tril_indices(2)
        covariances = covariances[..., rows, columns]
    parts = [mixture.weights[:1], mixture.means.ravel(), covariances.ravel()]
    return torch.cat([torch.tensor(np.asarray(part)) for part in parts])


def _log_likelihood(free: Tensor, X: Tensor, kind: str) -> Tensor:
    """By torch's own distributions, as a function of the free parameters."""
    weights = torch.stack([free[0], 1 - free[0]])
    means, rest = free[1:5].reshape(2, 2), free[5:]
    if covariance_type_named(kind).has_matrices:
        a, b, c = rest.reshape(-1, 3).T
        full = torch.stack([torch.stack([a, b], -1), torch.stack([b, c], -1)], -2)
    else:
        shape = {"diag": (2, 2), "tied_diag": (1, 2), "spherical": (2, 1), "tied_spherical": (1, 1)}
        full = rest.reshape(shape[kind]).expand(-1, 2).diag_embed()
    normal = torch.distributions.MultivariateNormal(means, full.expand(2, 2, 2))
    return (weights.log() + normal.log_prob(X.unsqueeze(1))).logsumexp(1).sum()


@pytest.mark.parametrize("kind", TYPES)
def test_the_truth_is_found_within_derived_standard_errors(kind: str) -> None:
    # θ̂ is normal about θ with the inverse of the observed information as covariance, so that
    # (θ̂ − θ)ᵀ I (θ̂ − θ) has a χ² distribution with as many degrees of freedom as parameters.
    truth = _truth(kind)
    X = rows_from(truth, N, seed=11)
    fitted = EMGaussianMixture(
        2, covariance_type=kind, initial=truth, reg_covar=0.0, tol=1e-10, max_iter=2000
    ).fit(X)
    estimate = _free(MixtureParameters.from_estimator(fitted))
    rows = torch.from_numpy(X)
    gradient = torch.func.grad(_log_likelihood)(estimate, rows, kind)
    information = -torch.func.hessian(_log_likelihood)(estimate, rows, kind)
    errors = torch.linalg.inv(information).diagonal().sqrt()
    assert (gradient * errors).abs().max() < 1e-2  # a maximum, to a hundredth of an error
    away = estimate - _free(truth)
    assert (away.abs() / errors).max() < stats.norm.isf(1e-4 / 2)
    distance = float(away @ information @ away)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], df=fitted.n_parameters())
    assert low < distance < high
    assert fitted.n_parameters() == len(estimate)
