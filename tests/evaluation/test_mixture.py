import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from suite.errors import InputError
from suite.evaluation import mixture_elbo, mixture_gap, mixture_log_likelihood
from suite.gmm import MixtureParameters
from tests.gmm.mixtures import mixtures, random_mixture, rows_from


@settings(max_examples=30)
@given(mixtures)
def test_log_likelihood_equals_enumeration(mixture: MixtureParameters) -> None:
    X = rows_from(mixture, 10)
    density = sum(
        weight * multivariate_normal(mean, covariance).pdf(X)
        for weight, mean, covariance in zip(
            mixture.weights, mixture.means, mixture.full_covariances(), strict=True
        )
    )
    np.testing.assert_allclose(np.exp(mixture_log_likelihood(mixture, X)), density, rtol=1e-10)


@settings(max_examples=30)
@given(mixtures, st.integers(0, 1000))
def test_bound_and_gap_add_up_to_the_log_likelihood(mixture: MixtureParameters, seed: int) -> None:
    X = rows_from(mixture, 25)
    q = np.random.default_rng(seed).dirichlet(np.ones(mixture.n_components), size=25)
    likelihood = mixture_log_likelihood(mixture, X).mean()
    gap = mixture_gap(mixture, X, q)
    assert gap >= -1e-12
    assert mixture_elbo(mixture, X, q) + gap == pytest.approx(likelihood, rel=1e-10, abs=1e-10)
    assert mixture_elbo(mixture, X) == pytest.approx(likelihood, rel=1e-12)
    assert mixture_gap(mixture, X) == pytest.approx(0.0, abs=1e-12)


def test_bound_by_hand() -> None:
    # One row at the middle of two unit Gaussians at ±1: both joint densities are ½ N(1 | 0, 1), so
    # that for any q the bound is log(½ N(1 | 0, 1)) plus the entropy of q.
    mixture = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    joint = np.log(0.5) - 0.5 * np.log(2 * np.pi) - 0.5
    assert mixture_elbo(mixture, [[0.0]], [[1.0, 0.0]]) == pytest.approx(joint)
    assert mixture_gap(mixture, [[0.0]], [[1.0, 0.0]]) == pytest.approx(np.log(2))
    entropy = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    assert mixture_elbo(mixture, [[0.0]], [[0.25, 0.75]]) == pytest.approx(joint + entropy)


def test_component_without_weight_adds_nothing() -> None:
    mixture = MixtureParameters([1.0, 0.0], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    alone = MixtureParameters([1.0], [[0.0]], [1.0], "spherical")
    X = [[0.3], [-1.0]]
    expected = mixture_log_likelihood(alone, X)
    np.testing.assert_allclose(mixture_log_likelihood(mixture, X), expected)
    assert mixture_elbo(mixture, X) == pytest.approx(expected.mean())
    assert mixture_gap(mixture, X, [[1.0, 0.0], [1.0, 0.0]]) == pytest.approx(0.0)


def test_responsibilities_that_are_no_distributions_are_refused() -> None:
    mixture = random_mixture(0, 2, 2, "full")
    X = rows_from(mixture, 3)
    with pytest.raises(InputError, match=r"shape \(3, 2\), got \(2, 2\)"):
        mixture_elbo(mixture, X, [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(InputError, match="sum to 1"):
        mixture_gap(mixture, X, np.full((3, 2), 0.4))
