"""To scikit-learn's class and back: the same densities, the same assignments."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from suite.errors import InputError
from suite.gmm import EMGaussianMixture, SVIGaussianMixture
from tests.gmm.mixtures import SHARED_TYPES, TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MIXTURES = (EMGaussianMixture, SVIGaussianMixture)
TRUTH = random_mixture(1, 3, 2, "full")
X = rows_from(TRUTH, 90)


def assert_same_mixture(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one.score_samples(X), other.score_samples(X), rtol=1e-10)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-10)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    assert (one.n_iter_, one.converged_) == (other.n_iter_, other.converged_)
    assert one.lower_bound_ == other.lower_bound_
    assert list(one.lower_bounds_) == list(other.lower_bounds_)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("Mixture", MIXTURES)
def test_to_scikit_learn_keeps_every_density(Mixture: type[Any], kind: str) -> None:
    ours = Mixture(3, covariance_type=kind, max_iter=5, random_state=0).fit(X)
    theirs = ours.to_sklearn()
    assert type(theirs) is GaussianMixture
    assert theirs.covariance_type == (kind if kind in SHARED_TYPES else "tied")
    assert_same_mixture(ours, theirs)
    again = clone(theirs).set_params(max_iter=1).fit(X)
    for name in ("covariances_", "precisions_", "precisions_cholesky_"):
        assert getattr(theirs, name).shape == getattr(again, name).shape
    if kind in SHARED_TYPES:  # a matrix is drawn from with other random numbers than variances
        np.testing.assert_allclose(theirs.sample(9)[0], ours.sample(9)[0], rtol=1e-6, atol=1e-8)
    before = ours.means_.copy()
    theirs.means_ += 1.0
    np.testing.assert_array_equal(ours.means_, before)


@pytest.mark.parametrize("kind", SHARED_TYPES)
@pytest.mark.parametrize("Mixture", MIXTURES)
def test_from_scikit_learn_keeps_every_density(Mixture: type[Any], kind: str) -> None:
    theirs = GaussianMixture(3, covariance_type=kind, max_iter=5, random_state=0).fit(X)
    ours = Mixture.from_sklearn(theirs)
    assert type(ours) is Mixture
    assert_same_mixture(ours, theirs)
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-12, err_msg=name
        )
    assert_same_mixture(ours.to_sklearn(), theirs)
    assert ours.get_params()["random_state"] == 0
    assert ours.n_parameters() == theirs._n_parameters()


def test_settings_names_and_precision_go_along() -> None:
    frame = pd.DataFrame(X.astype(np.float32), columns=["width", "height"])
    options: dict[str, Any] = {"tol": 0.01, "max_iter": 7, "warm_start": True, "random_state": 3}
    options |= {"means_init": TRUTH.means, "precisions_init": TRUTH.precisions()}
    ours = EMGaussianMixture(3, **options).fit(frame)
    theirs = ours.to_sklearn()
    again = EMGaussianMixture.from_sklearn(theirs)
    for mixture in (theirs, again):
        assert mixture.means_.dtype == mixture.precisions_cholesky_.dtype == np.float32
        assert mixture.feature_names_in_.tolist() == ["width", "height"]
        assert mixture.n_features_in_ == 2
        for name, value in options.items():
            np.testing.assert_array_equal(mixture.get_params()[name], value)
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame.rename(columns={"width": "depth"}))


def test_given_precisions_take_the_shape_of_the_nearest_type() -> None:
    start = EMGaussianMixture(3, covariance_type="tied_diag", random_state=0).fit(X)
    given = EMGaussianMixture(
        3, covariance_type="tied_diag", precisions_init=start.precisions_, random_state=0
    ).fit(X)
    theirs = given.to_sklearn()
    np.testing.assert_array_equal(theirs.precisions_init, np.diag(start.precisions_))
    assert clone(theirs).fit(X).precisions_.shape == (2, 2)


@pytest.mark.parametrize("Mixture", MIXTURES)
def test_what_cannot_be_converted_is_refused(Mixture: type[Any]) -> None:
    with pytest.raises(NotFittedError):
        Mixture(2).to_sklearn()
    with pytest.raises(NotFittedError):
        Mixture.from_sklearn(GaussianMixture(2))
    with pytest.raises(InputError, match="got BayesianGaussianMixture"):
        Mixture.from_sklearn(BayesianGaussianMixture(n_components=2).fit(X))
