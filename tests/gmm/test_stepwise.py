"""Stepwise EM: exact where it must be, and near the optimum where it samples."""

import numpy as np
import pytest
from hypothesis import given, settings

from suite.errors import InputError
from suite.gmm import EMGaussianMixture, MixtureParameters
from suite.gmm.coordinates import Coordinates
from suite.gmm.natural import maximise
from suite.gmm.restarts import batch_of, parameters_of
from suite.gmm.rows import ArrayRows
from suite.gmm.stepwise import _expected_statistics
from tests.gmm.mixtures import TYPES, mixtures, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@settings(max_examples=40)
@given(mixtures)
def test_a_mixture_is_the_m_step_of_its_own_expected_statistics(
    mixture: MixtureParameters,
) -> None:
    kind = mixture.covariance_type
    coordinates = Coordinates.of(ArrayRows(rows_from(mixture, 50)), kind)
    inside = batch_of([mixture], coordinates)
    again = maximise(*_expected_statistics(inside, kind), kind, coordinates.ridge(0.0))
    found = parameters_of(again, coordinates)
    np.testing.assert_allclose(found.weights, mixture.weights, rtol=1e-10)
    np.testing.assert_allclose(found.means, mixture.means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.covariances, mixture.covariances, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", TYPES)
def test_the_first_batch_is_one_em_step(kind: str) -> None:
    X, start = rows_from(random_mixture(1, 3, 2, kind), 200), random_mixture(2, 3, 2, kind)
    options = {"covariance_type": kind, "initial": start}
    step = EMGaussianMixture(3, max_iter=1, **options).fit(X)
    online = EMGaussianMixture(3, **options).partial_fit(X)
    for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
        np.testing.assert_allclose(getattr(online, name), getattr(step, name), rtol=1e-10)
    assert (online.n_iter_, online.converged_) == (1, False)


@pytest.mark.parametrize("kind", TYPES)
def test_the_running_mean_is_that_of_its_definition(kind: str) -> None:
    # With η = (t + 1)^(−1) the running mean of s is the plain mean of the batches' statistics; with
    # responsibilities that do not depend on θ (K = 1) that is a fit to all rows so far.
    X = rows_from(random_mixture(1, 1, 3, kind), 120) * 3.0 + 7.0
    online = EMGaussianMixture(1, covariance_type=kind, step_exponent=1.0, reg_covar=0.0)
    for batch in np.split(X, 4):
        online.partial_fit(batch)
    whole = EMGaussianMixture(1, covariance_type=kind, reg_covar=0.0).fit(X)
    np.testing.assert_allclose(online.means_, whole.means_, rtol=1e-10)
    np.testing.assert_allclose(online.covariances_, whole.covariances_, rtol=1e-9, atol=1e-12)
    assert online.n_iter_ == 4


def test_weights_count_within_a_batch() -> None:
    X, start = rows_from(random_mixture(1, 2, 2, "full"), 50), random_mixture(2, 2, 2, "full")
    weights = np.arange(50) % 3
    weighted = EMGaussianMixture(2, initial=start).partial_fit(X, sample_weight=weights)
    repeated = EMGaussianMixture(2, initial=start).partial_fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-10)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-10)


def test_a_stream_leads_to_the_truth() -> None:
    truth = MixtureParameters([0.4, 0.6], [[-3.0], [3.0]], [1.0, 1.0], "spherical")
    online = EMGaussianMixture(2, covariance_type="spherical", random_state=0)
    n_batches, n_rows = 200, 100
    for seed in range(n_batches):
        online.partial_fit(rows_from(truth, n_rows, seed))
    # The weights η_t Π(1 − η_s) of a decay of (t + 1)^(−0.7) have a sum of squares of about
    # η_T / 2: as if the last 2 n / η_T rows had been averaged. Components barely overlap, so that
    # a mean has the variance σ² / (π N) of its own rows.
    rows = 2 * n_rows * (n_batches + 1) ** 0.7
    found = MixtureParameters.from_estimator(online).permuted(np.argsort(online.means_[:, 0]))
    errors = 4.5 / np.sqrt(rows * truth.weights)
    assert (np.abs(found.means - truth.means)[:, 0] < errors).all()
    assert (np.abs(found.covariances - 1.0) < np.sqrt(2) * errors + 0.02).all()
    assert online.diagnostics_.starts[0].smallest_count == pytest.approx(8000, rel=0.1)


def test_passes_in_batches_end_near_the_optimum_and_follow_the_seed() -> None:
    X = rows_from(random_mixture(1, 2, 2, "full"), 600)
    exact = EMGaussianMixture(2, random_state=0, tol=1e-8, max_iter=500).fit(X)
    told = []
    first, again = (
        EMGaussianMixture(2, random_state=0, batch_size=100, tol=1e-5, max_iter=200).fit(
            X, callback=lambda progress: told.append(progress.objective)
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.means_, again.means_)
    assert told == first.lower_bounds_ + again.lower_bounds_
    # Near the optimum the loss is p / 2N nats per datum for N effective rows, p = 11 parameters.
    rows = 2 * 100 * (6 * first.n_iter_) ** 0.7
    assert 0 <= exact.score(X) - first.score(X) < 4 * 11 / (2 * rows)
    assert first.converged_


def test_a_fit_goes_on_where_it_ended_and_begins_anew_when_refitted() -> None:
    truth = random_mixture(1, 2, 2, "full")
    X, more = rows_from(truth, 500, 0), rows_from(truth, 50, 1)
    fitted = EMGaussianMixture(2, random_state=0).fit(X)
    before = fitted.means_.copy()
    fitted.partial_fit(more)
    own_step = EMGaussianMixture(
        2,
        initial=MixtureParameters.from_estimator(EMGaussianMixture(2, random_state=0).fit(X)),
        max_iter=1,
    ).fit(more)
    share = 2**-0.7
    # Between the two: it remembers the fit, and has moved towards the batch's own step.
    moved = (fitted.means_ - before) / (own_step.means_ - before)
    assert ((moved > 0) & (moved < 1)).mean() >= 0.75
    assert np.median(moved) == pytest.approx(share, abs=0.25)
    fitted.fit(X)
    np.testing.assert_array_equal(fitted.means_, before)


def test_a_batch_that_cannot_be_used_changes_nothing() -> None:
    X = rows_from(random_mixture(1, 2, 2, "full"), 100)
    online = EMGaussianMixture(2, random_state=0, reg_covar=0.0, step_exponent=1.0).partial_fit(X)
    before = online.means_.copy()
    with pytest.raises(InputError, match="got NaN"):
        online.partial_fit(np.full((3, 2), np.nan))
    np.testing.assert_array_equal(online.means_, before)
    fresh = EMGaussianMixture(2, initial=random_mixture(1, 2, 2, "full"), reg_covar=0.0)
    with pytest.raises(InputError, match="larger batches"):
        fresh.partial_fit(X[:2])
    with pytest.raises(InputError, match="step_exponent"):
        EMGaussianMixture(2, step_exponent=0.4).partial_fit(X)
