"""EM by hand: closed forms, ascent, equivariance and published optima."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.evaluation import mixture_elbo, mixture_log_likelihood
from suite.gmm import EMGaussianMixture, MixtureParameters, MixtureState, initial_parameters
from suite.progress import Progress
from tests.gmm.mixtures import TYPES, mixtures, random_mixture, rows_from, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROUNDING = 1e-9  # nats per datum; sums of a few hundred terms of size 100 in float64


@pytest.mark.parametrize("kind", TYPES)
def test_one_component_is_the_sample_mean_and_covariance(kind: str) -> None:
    X, _ = table("wine")
    fitted = EMGaussianMixture(1, covariance_type=kind, reg_covar=0.0).fit(X)
    covariance = np.cov(X.T, bias=True)
    expected = {
        "full": covariance[np.newaxis],
        "tied": covariance,
        "diag": np.diag(covariance)[np.newaxis],
        "spherical": np.diag(covariance).mean(keepdims=True),
        "tied_diag": np.diag(covariance),
        "tied_spherical": np.diag(covariance).mean(),
    }[kind]
    np.testing.assert_allclose(fitted.means_[0], X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(fitted.covariances_, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fitted.weights_, [1.0])


@settings(max_examples=25)
@given(mixtures, st.integers(0, 1000))
def test_bound_never_falls_without_regularisation(mixture: MixtureParameters, seed: int) -> None:
    X = rows_from(mixture, 100, seed)
    states = Trace()
    EMGaussianMixture(
        mixture.n_components,
        covariance_type=mixture.covariance_type,
        initial=mixture,
        reg_covar=0.0,
        max_iter=15,
        tol=0.0,
    ).fit(X, callback=states)
    assert (np.diff(states.objectives) > -ROUNDING).all()


@pytest.mark.parametrize("kind", TYPES)
def test_objective_is_the_log_likelihood_before_the_m_step(kind: str) -> None:
    X, n_components = table("iris")
    start = initial_parameters(X, n_components, covariance_type=kind, random_state=0)
    trace = Trace()
    fitted = EMGaussianMixture(
        n_components, covariance_type=kind, initial=start, max_iter=6, tol=0.0
    ).fit(X, callback=trace)
    before = start
    for objective, state in zip(trace.objectives, trace.states, strict=True):
        np.testing.assert_allclose(mixture_log_likelihood(before, X).mean(), objective, rtol=1e-10)
        np.testing.assert_allclose(
            state.responsibilities, before.responsibilities(X), rtol=1e-8, atol=1e-12
        )
        elbo = mixture_elbo(state.parameters, X, state.responsibilities)
        assert objective <= elbo <= mixture_log_likelihood(state.parameters, X).mean()
        before = state.parameters
    assert fitted.lower_bounds_ == trace.objectives
    assert fitted.lower_bound_ == trace.objectives[-1]
    np.testing.assert_array_equal(fitted.means_, before.means)


@pytest.mark.parametrize("kind", TYPES)
def test_shift_and_scale_of_the_data_carry_over(kind: str) -> None:
    X = rows_from(random_mixture(5, 2, 3, kind), 300)
    start = random_mixture(6, 2, 3, kind)
    scale, shift = 8.0, 1024.0  # powers of two round nothing
    moved = MixtureParameters(
        start.weights, scale * start.means + shift, scale**2 * start.covariances, kind
    )
    settings_ = {"covariance_type": kind, "reg_covar": 0.0, "max_iter": 10, "tol": 0.0}
    plain = EMGaussianMixture(2, initial=start, **settings_).fit(X)
    scaled = EMGaussianMixture(2, initial=moved, **settings_).fit(scale * X + shift)
    np.testing.assert_allclose(scaled.means_, scale * plain.means_ + shift, rtol=1e-9)
    np.testing.assert_allclose(
        scaled.covariances_, scale**2 * plain.covariances_, rtol=1e-8, atol=1e-8
    )
    np.testing.assert_allclose(
        scaled.lower_bound_, plain.lower_bound_ - 3 * np.log(scale), rtol=1e-10
    )


@pytest.mark.parametrize("kind", TYPES)
def test_order_of_the_start_is_the_order_of_the_result(kind: str) -> None:
    X, n_components = table("iris")
    start = initial_parameters(X, n_components, covariance_type=kind, random_state=0)
    order = [2, 0, 1]
    plain = EMGaussianMixture(n_components, covariance_type=kind, initial=start).fit(X)
    permuted = EMGaussianMixture(
        n_components, covariance_type=kind, initial=start.permuted(order)
    ).fit(X)
    np.testing.assert_allclose(permuted.means_, plain.means_[order], rtol=1e-9)
    np.testing.assert_allclose(permuted.weights_, plain.weights_[order], rtol=1e-9)


@pytest.mark.parametrize(
    ("kind", "method", "published"),
    [
        ("full", "kmeans", -180.185477),
        ("tied", "kmeans", -256.354043),
        ("diag", "random", -306.860461),  # k-means leads to a lower optimum, -307.1776
        ("spherical", "kmeans", -384.314095),
    ],
)
def test_optimum_of_iris_is_the_published_one(kind: str, method: str, published: float) -> None:
    X, _ = table("iris")
    fitted = EMGaussianMixture(
        3,
        covariance_type=kind,
        init_params=method,
        reg_covar=0.0,
        tol=1e-11,
        max_iter=3000,
        random_state=0,
    ).fit(X)
    assert fitted.score_samples(X).sum() == pytest.approx(published, abs=2e-6)


@pytest.mark.parametrize("kind", TYPES)
def test_starts_side_by_side_end_where_each_would_alone(kind: str) -> None:
    X, n_components = table("iris")
    options = {
        "covariance_type": kind,
        "init_params": "random_from_data",
        "reg_covar": 1e-2,
        "tol": 1e-9,
        "max_iter": 500,
    }
    random = np.random.RandomState(3)
    starts = [
        initial_parameters(
            X,
            n_components,
            covariance_type=kind,
            method="random_from_data",
            reg_covar=1e-2,
            random_state=random,
        )
        for _ in range(4)
    ]
    alone = [EMGaussianMixture(n_components, initial=start, **options).fit(X) for start in starts]
    trace = Trace()
    together = EMGaussianMixture(
        n_components, n_init=4, random_state=np.random.RandomState(3), **options
    ).fit(X, callback=trace)
    best = max(alone, key=lambda fitted: fitted.lower_bound_)
    np.testing.assert_allclose(together.lower_bounds_, best.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(together.means_, best.means_, rtol=1e-8)
    assert [start.n_iter for start in together.diagnostics_.starts] == [a.n_iter_ for a in alone]
    # Each round is told once, by the highest bound of those that still climb.
    rounds = max(a.n_iter_ for a in alone)
    assert len({a.n_iter_ for a in alone}) > 1
    assert trace.steps == list(range(1, rounds + 1))
    running = [[a.lower_bounds_[i] for a in alone if i < a.n_iter_] for i in range(rounds)]
    np.testing.assert_allclose(trace.objectives, [max(bounds) for bounds in running], rtol=1e-10)


def test_convergence_stop_and_no_iterations() -> None:
    X, n_components = table("iris")
    fitted = EMGaussianMixture(n_components, random_state=0).fit(X)
    assert fitted.converged_
    assert abs(fitted.lower_bounds_[-1] - fitted.lower_bounds_[-2]) < 1e-3
    assert (np.abs(np.diff(fitted.lower_bounds_))[:-1] >= 1e-3).all()
    stopped = EMGaussianMixture(n_components, tol=0.0, n_init=5, random_state=0).fit(
        X, callback=lambda progress: progress.step == 3
    )
    assert (stopped.n_iter_, stopped.converged_) == (3, False)
    start = initial_parameters(X, n_components, random_state=0)
    unmoved = EMGaussianMixture(n_components, max_iter=0, initial=start).fit(X)
    np.testing.assert_array_equal(unmoved.means_, start.means)
    np.testing.assert_array_equal(unmoved.covariances_, start.covariances)
    assert unmoved.n_iter_ == 0


def test_single_precision_is_honoured_and_close() -> None:
    X, n_components = table("iris")
    start = initial_parameters(X, n_components, random_state=0)
    double, single = (
        EMGaussianMixture(n_components, initial=start, dtype=dtype, tol=0.0, max_iter=5).fit(X)
        for dtype in ("float64", "float32")
    )
    assert single.means_.dtype == np.float64
    assert 0 < np.abs(single.means_ - double.means_).max() < 1e-3


class Trace:
    """A callback that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.objectives: list[float] = []
        self.states: list[MixtureState] = []

    def __call__(self, progress: Progress) -> None:
        self.steps.append(progress.step)
        self.objectives.append(progress.objective)
        self.states.append(progress.state())
