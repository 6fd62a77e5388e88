"""Degenerate mixtures: found, told, ranked last, and no crash."""

import numpy as np
import pytest

from suite.errors import InputError
from suite.gmm import EMGaussianMixture, MixtureParameters
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OWN = [kind for kind in TYPES if not kind.startswith("tied")]  # components with their own spread


def covariances(kind: str, *variances: float) -> np.ndarray:
    values = np.array(variances)
    return {
        "full": values[:, None, None] * np.eye(2),
        "diag": values[:, None] * np.ones(2),
        "spherical": values,
        "tied": values[0] * np.eye(2),
        "tied_diag": values[0] * np.ones(2),
        "tied_spherical": values[0],
    }[kind]


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("reg_covar", [0.0, 1e-9])
def test_a_component_on_one_row_is_told(kind: str, reg_covar: float) -> None:
    X = rows_from(random_mixture(0, 1, 2, "full"), 60)
    narrow = covariances(kind, 1.0, 1e-5)
    onto_the_row = MixtureParameters([0.98, 0.02], [X.mean(0), X[7]], narrow, kind)
    options = {"covariance_type": kind, "reg_covar": reg_covar, "max_iter": 300}
    alone = EMGaussianMixture(2, initial=onto_the_row, **options).fit(X)
    found = alone.diagnostics_
    assert not found.is_regular
    assert found.n_regular == 0
    assert found.starts[0].faults
    assert "degenerate" in str(found)
    assert np.isfinite(alone.score(X))
    if reg_covar == 0.0:  # there is nowhere to climb to: the step before the collapse is kept
        assert found.starts[0].faults[0] == "a component lost its spread in the next step"


@pytest.mark.parametrize("kind", OWN)
def test_a_regular_start_is_kept_before_a_higher_degenerate_one(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = rows_from(random_mixture(0, 1, 2, "full"), 60)
    near = MixtureParameters([0.5, 0.5], [X[0], X[1]], covariances(kind, 4.0, 4.0), kind)
    narrow = covariances(kind, 1.0, 1e-5)
    onto_a_row = MixtureParameters([0.98, 0.02], [X.mean(0), X[7]], narrow, kind)
    for order in ([near, onto_a_row], [onto_a_row, near]):
        starts = iter(order)
        monkeypatch.setattr(EMGaussianMixture, "_start", lambda *_, at=starts: next(at))
        fitted = EMGaussianMixture(2, covariance_type=kind, n_init=2, reg_covar=1e-9).fit(X)
        found = fitted.diagnostics_
        assert [start.is_regular for start in found.starts] == [one is near for one in order]
        assert order[found.chosen] is near
        lost = found.starts[1 - found.chosen]
        assert lost.lower_bound > fitted.lower_bound_


@pytest.mark.parametrize("kind", TYPES)
def test_an_empty_component_is_told_and_harmless(kind: str) -> None:
    X = rows_from(random_mixture(0, 1, 2, "full"), 80)
    away = MixtureParameters([0.5, 0.5], [X.mean(0), [1e4, 1e4]], covariances(kind, 1.0, 1.0), kind)
    fitted = EMGaussianMixture(2, covariance_type=kind, initial=away).fit(X)
    assert any("empty" in fault for fault in fitted.diagnostics_.starts[0].faults)
    assert fitted.weights_.min() < 1e-12
    one = EMGaussianMixture(1, covariance_type=kind).fit(X)
    if kind in OWN:
        assert fitted.score(X) == pytest.approx(one.score(X), rel=1e-9)
    assert np.isfinite(fitted.score(X))


@pytest.mark.parametrize("kind", OWN)
def test_copies_of_rows_hold_no_component_of_their_own(kind: str) -> None:
    X = np.concatenate([rows_from(random_mixture(0, 1, 2, "full"), 60), np.full((20, 2), 9.0)])
    fitted = EMGaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    faults = fitted.diagnostics_.starts[0].faults
    assert any("of the data's variance" in fault for fault in faults)
    with pytest.raises(InputError, match="ill-defined empirical covariance"):
        EMGaussianMixture(2, covariance_type=kind, random_state=0, reg_covar=0.0).fit(X)


@pytest.mark.parametrize("kind", TYPES)
def test_constant_columns_are_told_and_leave_the_rest_alone(kind: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 120)
    wider = np.column_stack([X[:, 0], np.full(120, 3.7), X[:, 1]])
    start = random_mixture(1, 2, 2, kind)
    fitted = EMGaussianMixture(2, covariance_type=kind, random_state=0).fit(wider)
    assert fitted.diagnostics_.constant_features == (1,)
    assert fitted.diagnostics_.rank == (3 if kind.endswith("spherical") else 2)
    assert fitted.diagnostics_.is_regular
    assert fitted.means_[:, 1] == pytest.approx(3.7)
    assert start.covariance_type == kind


def test_columns_that_follow_from_others_lower_the_rank() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 120)
    fitted = EMGaussianMixture(2, random_state=0).fit(np.column_stack([X, X.sum(1)]))
    assert fitted.diagnostics_.rank == 2
    assert fitted.diagnostics_.is_regular
    plain = EMGaussianMixture(2, random_state=0, tol=1e-6).fit(X)
    wider = EMGaussianMixture(2, random_state=0, tol=1e-6).fit(np.column_stack([X, X.sum(1)]))
    means = np.sort(wider.means_[:, :2], axis=0)
    np.testing.assert_allclose(means, np.sort(plain.means_, axis=0), rtol=1e-3)


def test_a_regular_fit_says_so() -> None:
    X = rows_from(random_mixture(0, 2, 3, "full"), 300)
    fitted = EMGaussianMixture(2, n_init=3, random_state=0).fit(X)
    found = fitted.diagnostics_
    assert (found.n_regular, found.rank, found.constant_features) == (3, 3, ())
    kept = found.starts[found.chosen]
    assert kept.lower_bound == fitted.lower_bound_ == max(s.lower_bound for s in found.starts)
    assert (kept.n_iter, kept.converged) == (fitted.n_iter_, True)
    assert kept.smallest_count == pytest.approx(300 * fitted.weights_.min(), rel=1e-9)
    # The share of variance, by its definition: the smallest generalised eigenvalue.
    total = np.linalg.inv(np.cov(X.T, bias=True))
    shares = [
        np.linalg.eigvals(total @ covariance).real.min() for covariance in fitted.covariances_
    ]
    assert kept.smallest_spread == pytest.approx(min(shares), rel=1e-9)
    assert str(found) == "3 of 3 starts ended regular; kept: regular"
