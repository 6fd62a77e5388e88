"""scikit-learn's twin: the parent's numbers to the last bit, and the by-hand twin's to 1e-8."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from suite.gmm import EMGaussianMixture, SklearnGaussianMixture, initial_parameters
from suite.gmm.initial import INIT_METHODS
from tests.gmm.mixtures import SHARED_TYPES, TABLES, table

LEARNED = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("iterations", [1, 5, 50])
@pytest.mark.parametrize("kind", SHARED_TYPES)
@pytest.mark.parametrize("name", TABLES)
def test_by_hand_and_scikit_learn_agree_from_the_same_start(
    name: str, kind: str, iterations: int
) -> None:
    X, n_components = table(name)
    start = initial_parameters(X, n_components, covariance_type=kind, random_state=0)
    by_hand, theirs = (
        Mixture(
            n_components, covariance_type=kind, initial=start, tol=0.0, max_iter=iterations
        ).fit(X)
        for Mixture in (EMGaussianMixture, SklearnGaussianMixture)
    )
    assert by_hand.n_iter_ == theirs.n_iter_
    for learned in ("weights_", "means_", "lower_bounds_"):
        np.testing.assert_allclose(
            getattr(by_hand, learned), getattr(theirs, learned), rtol=1e-8, err_msg=learned
        )
    # Off-diagonal entries near zero are compared on the scale of their variances.
    scale = np.sqrt(np.einsum("...i,...j->...ij", *[_variances(theirs, X.shape[1])] * 2))
    difference = _full(by_hand, X.shape[1]) - _full(theirs, X.shape[1])
    assert (np.abs(difference) / scale).max() < 1e-8


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_init", [1, 3])
@pytest.mark.parametrize("method", INIT_METHODS)
@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_numbers_are_the_parents_to_the_last_bit(kind: str, method: str, n_init: int) -> None:
    X, n_components = table("iris")
    options = {
        "covariance_type": kind,
        "init_params": method,
        "n_init": n_init,
        "random_state": 0,
        "reg_covar": 1e-3,
        "max_iter": 10,
    }
    ours = SklearnGaussianMixture(n_components, **options).fit(X, callback=lambda progress: None)
    parent = GaussianMixture(n_components, **options).fit(X)
    for learned in LEARNED:
        np.testing.assert_array_equal(getattr(ours, learned), getattr(parent, learned))
    assert (ours.n_iter_, ours.converged_) == (parent.n_iter_, parent.converged_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", INIT_METHODS)
@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_the_same_seed_gives_scikit_learns_start(kind: str, method: str) -> None:
    X, n_components = table("iris")
    options = {"covariance_type": kind, "reg_covar": 1e-3, "random_state": 5}
    ours = initial_parameters(X, n_components, method=method, **options)
    theirs = GaussianMixture(n_components, init_params=method, max_iter=0, **options).fit(X)
    np.testing.assert_allclose(ours.means, theirs.means_, rtol=1e-12)
    np.testing.assert_allclose(ours.covariances, theirs.covariances_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.weights, theirs.weights_ / theirs.weights_.sum(), rtol=1e-12)


def test_the_given_start_is_taken_without_rounding() -> None:
    X, n_components = table("breast_cancer")
    start = initial_parameters(X, n_components, random_state=0)
    fitted = SklearnGaussianMixture(n_components, initial=start, max_iter=0).fit(X)
    for learned in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(fitted, learned + "_"), getattr(start, learned))


def test_stopping_gives_what_fewer_iterations_give() -> None:
    X, n_components = table("iris")
    options = {"tol": 0.0, "n_init": 2, "random_state": 0, "init_params": "random_from_data"}
    stopped = SklearnGaussianMixture(n_components, max_iter=50, **options).fit(
        X, callback=lambda progress: progress.step == 53
    )
    with pytest.warns(match="did not converge"):
        first = GaussianMixture(n_components, max_iter=50, **(options | {"n_init": 1})).fit(X)
    assert first.lower_bound_ > -2.0
    np.testing.assert_array_equal(stopped.means_, first.means_)
    np.testing.assert_array_equal(stopped.precisions_, first.precisions_)
    assert (stopped.n_iter_, stopped.converged_) == (50, False)
    early = SklearnGaussianMixture(n_components, **options).fit(
        X, callback=lambda progress: progress.step == 4
    )
    assert (early.n_iter_, len(early.lower_bounds_)) == (4, 4)


def _full(mixture: GaussianMixture, n_features: int) -> np.ndarray:
    covariances = mixture.covariances_
    if mixture.covariance_type in ("full", "tied"):
        return covariances
    return covariances[..., np.newaxis, np.newaxis] * np.eye(1)


def _variances(mixture: GaussianMixture, n_features: int) -> np.ndarray:
    return np.diagonal(_full(mixture, n_features), axis1=-2, axis2=-1)
