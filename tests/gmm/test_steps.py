"""The E-step and the M-step against enumeration and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from suite.errors import InputError
from suite.evaluation import mixture_elbo
from suite.gmm import MixtureParameters, e_step, m_step
from suite.gmm.steps import MixtureTensors
from tests.gmm.mixtures import TYPES, mixtures, random_mixture, rows_from


@settings(max_examples=40)
@given(mixtures)
def test_e_step_equals_enumeration(mixture: MixtureParameters) -> None:
    X = torch.from_numpy(rows_from(mixture, 15))
    log_prob, responsibilities = e_step(X, MixtureTensors.from_parameters(mixture, like=X))
    covariances = torch.from_numpy(mixture.full_covariances().copy())
    joint = torch.zeros(15, mixture.n_components, dtype=torch.float64)
    for n in range(15):
        for k in range(mixture.n_components):
            normal = torch.distributions.MultivariateNormal(
                torch.tensor(mixture.means[k]), covariances[k]
            )
            joint[n, k] = mixture.weights[k] * normal.log_prob(X[n]).exp()
    torch.testing.assert_close(log_prob.exp(), joint.sum(1), rtol=1e-10, atol=0)
    torch.testing.assert_close(
        responsibilities, joint / joint.sum(1, keepdim=True), rtol=1e-9, atol=1e-300
    )


@settings(max_examples=40)
@given(mixtures)
def test_bound_is_tight_after_the_e_step_and_the_m_step_raises_it(
    mixture: MixtureParameters,
) -> None:
    rows = rows_from(mixture, 60)
    X = torch.from_numpy(rows)
    log_prob, responsibilities = e_step(X, MixtureTensors.from_parameters(mixture, like=X))
    tight = mixture_elbo(mixture, rows, responsibilities.numpy())
    np.testing.assert_allclose(float(log_prob.mean()), tight, rtol=1e-12)
    raised = m_step(X, responsibilities, mixture.covariance_type, 1e-9).to_parameters()
    assert mixture_elbo(raised, rows, responsibilities.numpy()) >= tight - 1e-7


@pytest.mark.parametrize("kind", TYPES)
def test_no_nearby_parameters_beat_the_m_step(kind: str) -> None:
    rows = rows_from(random_mixture(0, 3, 2, kind), 200)
    responsibilities = np.random.default_rng(0).dirichlet(np.ones(3), size=200)
    best = m_step(
        torch.from_numpy(rows), torch.from_numpy(responsibilities), kind, 0.0
    ).to_parameters()
    bound = mixture_elbo(best, rows, responsibilities)
    rng = np.random.default_rng(1)
    for _ in range(50):
        weights = best.weights * np.exp(0.05 * rng.normal(size=3))
        stretch = np.exp(0.05 * rng.normal())
        nearby = MixtureParameters(
            weights / weights.sum(),
            best.means + 0.05 * rng.normal(size=best.means.shape),
            best.covariances * stretch,
            kind,
        )
        assert mixture_elbo(nearby, rows, responsibilities) < bound


@pytest.mark.parametrize("kind", TYPES)
def test_collapsed_covariance_is_refused_with_a_remedy(kind: str) -> None:
    X = torch.ones(10, 2, dtype=torch.float64)
    with pytest.raises(InputError, match="increase reg_covar"):
        m_step(X, torch.ones(10, 1, dtype=torch.float64), kind, 0.0)
