import numpy as np
import pytest

from suite.errors import InputError
from suite.gmm import (
    EMGaussianMixture,
    SklearnGaussianMixture,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.gmm.initial import INIT_METHODS
from tests.gmm.mixtures import TYPES, random_mixture, rows_from, table


@pytest.mark.parametrize("method", INIT_METHODS)
def test_a_generator_advances_and_a_seed_does_not(method: str) -> None:
    X, n_components = table("iris")
    seeded = [initial_parameters(X, n_components, method=method, random_state=1) for _ in "ab"]
    np.testing.assert_array_equal(seeded[0].means, seeded[1].means)
    random = np.random.RandomState(1)
    first, second = (
        initial_parameters(X, n_components, method=method, random_state=random) for _ in "ab"
    )
    np.testing.assert_array_equal(first.means, seeded[0].means)
    assert (first.means != second.means).any()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", INIT_METHODS)
def test_all_three_mixtures_start_from_the_seeds_start(method: str) -> None:
    X, n_components = table("iris")
    options = {"init_params": method, "reg_covar": 1e-2, "random_state": 4, "max_iter": 0}
    start = initial_parameters(X, n_components, method=method, reg_covar=1e-2, random_state=4)
    for Mixture in (EMGaussianMixture, SklearnGaussianMixture, SVIGaussianMixture):
        as_started = {"order": "start"} if Mixture is SVIGaussianMixture else {}
        unmoved = Mixture(n_components, **options, **as_started).fit(X)
        np.testing.assert_allclose(unmoved.means_, start.means, rtol=1e-12)
        np.testing.assert_allclose(unmoved.covariances_, start.covariances, rtol=1e-9, atol=1e-12)


def test_unusable_requests_are_refused() -> None:
    X = np.zeros((3, 2))
    with pytest.raises(InputError, match="init_params must be one of kmeans"):
        initial_parameters(X, 2, method="guess")
    with pytest.raises(InputError, match="at least 4 rows for 4 components"):
        initial_parameters(X, 4)
    with pytest.raises(InputError, match="increase reg_covar"):
        initial_parameters(X, 1, reg_covar=0.0)


@pytest.mark.parametrize("kind", TYPES)
def test_a_start_from_many_rows_is_that_by_the_definition(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = rows_from(random_mixture(1, 3, 2, kind), 500) + 50.0
    weights = np.arange(500) % 4 * 1.0
    for sample_weight in (None, weights):
        options = {"covariance_type": kind, "random_state": 0, "sample_weight": sample_weight}
        monkeypatch.setattr("suite.gmm.initial._LARGE", np.inf)
        small = initial_parameters(X, 3, **options)
        monkeypatch.setattr("suite.gmm.initial._LARGE", 0)
        monkeypatch.setattr("suite.gmm.initial._from_responsibilities", None)  # not called
        large = initial_parameters(X, 3, **options)
        monkeypatch.undo()
        np.testing.assert_allclose(large.weights, small.weights, rtol=1e-12)
        np.testing.assert_allclose(large.means, small.means, rtol=1e-12)
        np.testing.assert_allclose(large.covariances, small.covariances, rtol=1e-9, atol=1e-12)


def test_a_start_from_many_rows_with_a_narrow_cluster_is_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X = np.concatenate([np.arange(50.0), 1e4 + 1e-7 * np.arange(10.0)])[:, np.newaxis]
    monkeypatch.setattr("suite.gmm.initial._LARGE", 0)
    start = initial_parameters(X, 2, reg_covar=0.0, random_state=0)
    expected = sorted([X[:50].var(), X[50:].var()])
    np.testing.assert_allclose(sorted(start.covariances.ravel()), expected, rtol=1e-9)
