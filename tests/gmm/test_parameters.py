import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from suite.errors import InputError
from suite.gmm import MixtureParameters
from tests.gmm.mixtures import SHARED_TYPES, TYPES, mixtures, random_mixture, rows_from


@settings(max_examples=40)
@given(mixtures)
def test_density_equals_scipy_component_by_component(mixture: MixtureParameters) -> None:
    X = rows_from(mixture, 20)
    covariances = mixture.full_covariances()
    joint = np.stack(
        [
            mixture.weights[k] * multivariate_normal(mixture.means[k], covariances[k]).pdf(X)
            for k in range(mixture.n_components)
        ],
        axis=1,
    )
    np.testing.assert_allclose(np.exp(mixture.log_prob(X)), joint.sum(1), rtol=1e-10)
    np.testing.assert_allclose(
        mixture.responsibilities(X), joint / joint.sum(1, keepdims=True), rtol=1e-9, atol=1e-300
    )


@settings(max_examples=30)
@given(mixtures)
def test_dictionary_round_trip_through_json_is_exact(mixture: MixtureParameters) -> None:
    again = MixtureParameters.from_dict(json.loads(json.dumps(mixture.to_dict())))
    assert again.covariance_type == mixture.covariance_type
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(again, name), getattr(mixture, name))


@settings(max_examples=30)
@given(mixtures)
def test_order_of_components_does_not_matter(mixture: MixtureParameters) -> None:
    X = rows_from(mixture, 10)
    order = np.arange(mixture.n_components)[::-1]
    permuted = mixture.permuted(order)
    np.testing.assert_allclose(permuted.log_prob(X), mixture.log_prob(X), rtol=1e-12)
    np.testing.assert_allclose(
        permuted.responsibilities(X), mixture.responsibilities(X)[:, order], rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("kind", TYPES)
def test_precisions_invert_the_covariances(kind: str) -> None:
    mixture = random_mixture(0, 3, 3, kind)
    inverse = MixtureParameters(mixture.weights, mixture.means, mixture.precisions(), kind)
    product = mixture.full_covariances() @ inverse.full_covariances()
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_projection_is_the_density_of_projected_data(kind: str) -> None:
    mixture = random_mixture(1, 2, 3, kind)
    offset = np.array([0.5, -1.0, 2.0])
    axes = mixture.project(np.eye(3)[:, :2], offset)
    for k in range(2):
        np.testing.assert_allclose(axes.means[k], (mixture.means[k] - offset)[:2])
        np.testing.assert_allclose(axes.covariances[k], mixture.full_covariances()[k][:2, :2])
    # Change of variables: for an invertible B, p(y) = p(x) / |det B|.
    B = np.random.default_rng(0).normal(size=(3, 3))
    X = rows_from(mixture, 5)
    np.testing.assert_allclose(
        mixture.project(B, offset).log_prob((X - offset) @ B),
        mixture.log_prob(X) - np.linalg.slogdet(B)[1],
        rtol=1e-10,
    )


@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_draws_and_counts_are_those_of_scikit_learn(kind: str) -> None:
    mixture = random_mixture(2, 3, 2, kind)
    theirs = GaussianMixture(3, covariance_type=kind, random_state=7)
    theirs.weights_, theirs.means_ = mixture.weights, mixture.means
    theirs.covariances_, theirs.precisions_cholesky_ = mixture.covariances, True
    X, labels = mixture.sample(50, np.random.RandomState(7))
    expected, expected_labels = theirs.sample(50)
    np.testing.assert_allclose(X, expected, rtol=1e-12)
    np.testing.assert_array_equal(labels, expected_labels)
    assert mixture.n_parameters == theirs._n_parameters()


def test_arrays_cannot_be_changed_and_pickling_keeps_them() -> None:
    mixture = random_mixture(3, 2, 2, "full")
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0, 0] = 1.0
    again = pickle.loads(pickle.dumps(mixture))
    np.testing.assert_array_equal(again.covariances, mixture.covariances)


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "kind", "message"),
    [
        ([1.0], [[0.0]], [1.0], "round", "covariance_type must be one of full"),
        ([0.5, 0.5], [[0.0]], [1.0], "spherical", "expected weights of shape"),
        ([1.0], [[0.0]], [[1.0]], "spherical", r"have shape \(1,\), got \(1, 1\)"),
        ([0.7, 0.7], [[0.0], [1.0]], [1.0, 1.0], "spherical", "must sum to 1"),
        ([-0.5, 1.5], [[0.0], [1.0]], [1.0, 1.0], "spherical", "must not be negative"),
        ([1.0], [[np.nan]], [1.0], "spherical", "must be finite"),
    ],
)
def test_parameters_that_do_not_fit_together_are_refused(
    weights: list, means: list, covariances: list, kind: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        MixtureParameters(weights, means, covariances, kind)


def test_unusable_requests_are_refused() -> None:
    mixture = random_mixture(4, 2, 2, "full")
    with pytest.raises(InputError, match="rows of 2 features"):
        mixture.log_prob(np.zeros((3, 5)))
    with pytest.raises(InputError, match="permutation of 0 to 1"):
        mixture.permuted([0, 0])
    with pytest.raises(InputError, match=r"missing: \['means'"):
        MixtureParameters.from_dict({"weights": [1.0]})
    flat = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 1.0], [1.0, 1.0]]])
    with pytest.raises(InputError, match="component 0 is not positive definite"):
        flat.log_prob([[0.0, 0.0]])


@pytest.mark.parametrize(("kind", "covariances"), [("tied_diag", 3), ("tied_spherical", 1)])
def test_types_of_our_own_are_special_cases_of_the_shared_ones(kind: str, covariances: int) -> None:
    mixture = random_mixture(2, 4, 3, kind)
    as_full = MixtureParameters(mixture.weights, mixture.means, mixture.full_covariances(), "full")
    X = rows_from(mixture, 20)
    np.testing.assert_allclose(mixture.log_prob(X), as_full.log_prob(X), rtol=1e-12)
    assert mixture.n_parameters == 3 + 12 + covariances
    draws = mixture.sample(100_000, np.random.RandomState(0))[0]
    # The variance of a sample variance: (fourth central moment − variance²) / N.
    errors = np.sqrt(((draws - draws.mean(0)) ** 4).mean(0) / len(draws))
    total = as_full.weights @ (
        as_full.covariances.diagonal(axis1=1, axis2=2)
        + (mixture.means - mixture.weights @ mixture.means) ** 2
    )
    assert (np.abs(draws.var(0) - total) < 4 * errors).all()
