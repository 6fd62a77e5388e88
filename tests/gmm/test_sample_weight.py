"""Weighted rows: an integer weight is that many copies, a zero is no row at all."""

from typing import Any

import numpy as np
import pytest

from suite.errors import InputError
from suite.evaluation import mixture_log_likelihood
from suite.gmm import EMGaussianMixture, initial_parameters
from suite.gmm.initial import INIT_METHODS
from tests.gmm.mixtures import TYPES, random_mixture, rows_from, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EQUAL = 1e-10  # ten steps on a few hundred rows, summed in another order
X, K = table("iris")
COUNTS = np.random.default_rng(0).integers(0, 4, len(X))
LEARNED = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_")


def fit(rows: np.ndarray, kind: str, weights: Any = None, **options: Any) -> EMGaussianMixture:
    start = initial_parameters(X, K, covariance_type=kind, random_state=0)
    options = {"initial": start, "tol": 0.0, "max_iter": 10} | options
    mixture = EMGaussianMixture(K, covariance_type=kind, **options)
    return mixture.fit(rows, sample_weight=weights)


def assert_equal(one: EMGaussianMixture, other: EMGaussianMixture) -> None:
    for name in LEARNED:
        expected = np.asarray(getattr(other, name))
        np.testing.assert_allclose(
            getattr(one, name), expected, rtol=EQUAL, atol=EQUAL * np.abs(expected).max()
        )


@pytest.mark.parametrize("kind", TYPES)
def test_integer_weights_are_copies_and_zeros_no_rows(kind: str) -> None:
    assert (COUNTS == 0).any()
    assert_equal(fit(X, kind, COUNTS), fit(np.repeat(X, COUNTS, axis=0), kind))
    left_out = (COUNTS > 0).astype(float)
    assert_equal(fit(X, kind, left_out), fit(X[COUNTS > 0], kind))


@pytest.mark.parametrize("kind", TYPES)
def test_only_the_ratios_of_weights_matter(kind: str) -> None:
    plain = fit(X, kind)
    for same in (np.ones(len(X)), [3] * len(X), np.full(len(X), 1e-300), np.full(len(X), 1e300)):
        assert_equal(fit(X, kind, same), plain)
    assert_equal(fit(X, kind, 1e-9 * COUNTS), fit(X, kind, COUNTS))


@pytest.mark.parametrize("kind", TYPES)
def test_bound_is_the_weighted_mean_and_never_falls(kind: str) -> None:
    weights = np.random.default_rng(1).exponential(size=len(X))
    start = initial_parameters(X, K, covariance_type=kind, random_state=0)
    fitted = fit(X, kind, weights, reg_covar=0.0)
    expected = np.average(mixture_log_likelihood(start, X), weights=weights)
    assert fitted.lower_bounds_[0] == pytest.approx(expected, rel=1e-12)
    assert (np.diff(fitted.lower_bounds_) > -EQUAL).all()
    weighted = np.average(fitted.score_samples(X), weights=weights)
    assert fitted.score(X, sample_weight=weights) == pytest.approx(weighted, rel=1e-12)
    assert fitted.score(X, sample_weight=weights) > fitted.lower_bound_


@pytest.mark.parametrize("kind", TYPES)
def test_one_component_is_the_weighted_mean_and_covariance(kind: str) -> None:
    weights = np.random.default_rng(2).exponential(size=len(X))
    fitted = EMGaussianMixture(1, covariance_type=kind, reg_covar=0.0).fit(X, sample_weight=weights)
    full = np.cov(X.T, aweights=weights, ddof=0)
    variances = np.diag(full)
    expected = {
        "full": full[np.newaxis],
        "tied": full,
        "diag": variances[np.newaxis],
        "spherical": variances.mean(keepdims=True),
        "tied_diag": variances,
        "tied_spherical": variances.mean(),
    }[kind]
    np.testing.assert_allclose(fitted.means_[0], np.average(X, axis=0, weights=weights), rtol=1e-12)
    np.testing.assert_allclose(fitted.covariances_, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", INIT_METHODS)
def test_starts_heed_the_weights(method: str) -> None:
    near = rows_from(random_mixture(0, 2, 2, "full"), 60)
    rows = np.vstack([near, near + 1000.0])
    weights = np.repeat([1.0, 0.0], 60)
    far = []
    for seed in range(5):
        options = {"init_params": method, "max_iter": 0, "random_state": seed, "reg_covar": 1e-3}
        start = EMGaussianMixture(3, **options).fit(rows, sample_weight=weights)
        assert start.means_.max() < 500.0
        assert start.weights_.min() > 0.01  # no component has rows of weight zero only
        far.append(EMGaussianMixture(3, **options).fit(rows).means_.max() > 500.0)
    assert any(far)


def test_weights_of_fit_predict_are_those_of_fit() -> None:
    labels = EMGaussianMixture(K, random_state=0).fit_predict(X, sample_weight=COUNTS)
    fitted = EMGaussianMixture(K, random_state=0).fit(X, sample_weight=COUNTS)
    np.testing.assert_array_equal(labels, fitted.predict(X))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(5), r"must have shape \(150,\).* got \(5,\)"),
        (np.ones((150, 1)), r"must have shape \(150,\).* got \(150, 1\)"),
        (np.zeros(150), "must not be zero in every row"),
        (np.where(np.arange(150) == 3, -1.0, 1.0), "not negative, got values from -1.0"),
        (np.where(np.arange(150) == 3, np.nan, 1.0), "must be finite"),
        (["many"] * 150, "must hold numbers"),
        ((np.arange(150) < 2) * 1.0, "n_samples = 2 of weight above zero"),
    ],
)
def test_unusable_weights_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        EMGaussianMixture(3).fit(X, sample_weight=weights)
