"""SVI reaches EM's optimum, and leaves Pyro's globals as they were."""

import pickle

import numpy as np
import pyro
import pytest
import torch

from suite.data import load
from suite.errors import InputError
from suite.evaluation import mixture_elbo, mixture_gap, mixture_log_likelihood
from suite.gmm import (
    EMGaussianMixture,
    MixtureParameters,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.progress import Progress
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSICS = [
    ("iris", 3, "full"),
    ("wine", 3, "diag"),
    ("wine", 3, "full"),
    ("breast_cancer", 2, "full"),
    ("digits", 10, "tied"),
    ("faithful", 2, "full"),
    ("galaxies", 3, "spherical"),
    ("acidity", 2, "full"),
    ("diabetes", 3, "full"),
]


@pytest.mark.parametrize(("name", "n_components", "kind"), CLASSICS)
def test_reaches_the_em_optimum_on_every_classic_table(
    name: str, n_components: int, kind: str
) -> None:
    X = load(name, test_size=0, drop_constant=True).train
    start = initial_parameters(X, n_components, covariance_type=kind, random_state=0)
    em, svi = (
        estimator.fit(X)
        for estimator in (
            EMGaussianMixture(
                n_components, covariance_type=kind, initial=start, tol=1e-9, max_iter=2000
            ),
            SVIGaussianMixture(n_components, covariance_type=kind, initial=start),
        )
    )
    assert em.converged_
    assert svi.converged_
    optimum, reached = (
        mixture_log_likelihood(MixtureParameters.from_estimator(fitted), X).mean()
        for fitted in (em, svi)
    )
    assert abs(reached - optimum) < 0.01  # nats per datum: the promised distance
    assert svi.lower_bound_ == pytest.approx(reached, abs=1e-4)


@pytest.mark.parametrize("kind", TYPES)
def test_em_and_svi_have_the_same_fixed_points(kind: str) -> None:
    truth = random_mixture(0, 2, 2, kind)
    X = rows_from(truth, 150)
    options = {"covariance_type": kind, "reg_covar": 0.05}
    em = EMGaussianMixture(2, initial=truth, tol=0.0, max_iter=1000, **options).fit(X)
    svi = SVIGaussianMixture(2, initial=truth, tol=1e-11, max_iter=1000, **options).fit(X)
    for learned in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(svi, learned), getattr(em, learned), atol=1e-5)


@pytest.mark.parametrize("reg_covar", [0.0, 0.5])
@pytest.mark.parametrize("kind", TYPES)
def test_svi_stays_where_em_ends(kind: str, reg_covar: float) -> None:
    truth = random_mixture(0, 2, 2, kind)
    X = rows_from(truth, 150)
    options = {"covariance_type": kind, "reg_covar": reg_covar}
    em = EMGaussianMixture(2, initial=truth, tol=0.0, max_iter=3000, **options).fit(X)
    end = MixtureParameters.from_estimator(em)
    # Adam's first step is learning_rate · g / (|g| + 1e-8): it stays only where g is nothing.
    step = SVIGaussianMixture(2, initial=end, max_iter=1, **options).fit(X)
    np.testing.assert_allclose(step.means_, em.means_, atol=1e-6)
    np.testing.assert_allclose(step.covariances_, em.covariances_, atol=1e-6)
    away = SVIGaussianMixture(2, initial=truth, max_iter=1, **options).fit(X)
    assert np.abs(away.means_ - truth.means).max() > 1e-3


def test_objective_is_the_log_likelihood_before_the_step() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 80)
    start = random_mixture(1, 2, 2, "full")
    states = [start]
    bounds = []

    def note(progress: Progress) -> bool:
        bounds.append(progress.objective)
        states.append(progress.state().parameters)
        assert progress.state().responsibilities is None
        return progress.step == 5

    fitted = SVIGaussianMixture(2, initial=start).fit(X, callback=note)
    expected = [mixture_log_likelihood(state, X).mean() for state in states[:-1]]
    np.testing.assert_allclose(bounds, expected, rtol=1e-12)
    assert (fitted.n_iter_, fitted.converged_, fitted.lower_bounds_) == (5, False, bounds)
    np.testing.assert_array_equal(fitted.means_, states[-1].means)


@pytest.mark.parametrize("hidden", [(), (4,)])
def test_amortised_bound_stays_below_by_its_gap(hidden: tuple[int, ...]) -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, random_state=0)
    em = EMGaussianMixture(2, initial=start, tol=1e-9, max_iter=1000).fit(X)
    last: list[Progress] = []
    fitted = SVIGaussianMixture(
        2,
        initial=start,
        posterior="amortised",
        guide_hidden_dims=hidden,
        random_state=0,
        max_iter=400,
    ).fit(X, callback=lambda progress: last.append(progress))
    state = last[-1].state()
    likelihood = mixture_log_likelihood(state.parameters, X).mean()
    elbo = mixture_elbo(state.parameters, X, state.responsibilities)
    gap = mixture_gap(state.parameters, X, state.responsibilities)
    assert gap > 1e-6
    assert likelihood - elbo == pytest.approx(gap, abs=1e-12)
    assert fitted.lower_bound_ == pytest.approx(elbo, abs=1e-2)
    assert em.score(X) - 0.05 < fitted.lower_bound_ < em.score(X)
    np.testing.assert_allclose(fitted.guide_proba(X), state.responsibilities, atol=1e-12)
    assert not np.allclose(fitted.guide_proba(X), fitted.predict_proba(X), atol=1e-6)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(fitted)).guide_proba(X), fitted.guide_proba(X)
    )


def test_a_guide_that_has_caught_up_is_no_convergence() -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, random_state=0)
    fitted = SVIGaussianMixture(2, initial=start, posterior="amortised", tol=1.0).fit(X)
    assert fitted.converged_
    assert 100 < fitted.n_iter_ < 120
    assert np.abs(fitted.means_ - start.means).max() > 1e-2


def test_one_component_is_the_sample_mean_and_covariance() -> None:
    X = load("faithful", test_size=0).train
    fitted = SVIGaussianMixture(1, reg_covar=0.0, tol=1e-12).fit(X)
    np.testing.assert_allclose(fitted.means_[0], X.mean(0), rtol=1e-4)
    np.testing.assert_allclose(fitted.covariances_[0], np.cov(X.T, bias=True), rtol=1e-4)


def test_nothing_global_is_changed() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 50)
    pyro.param("somebody.elses", torch.tensor(3.0))
    store = pyro.get_param_store()
    before = dict(store.named_parameters())
    flags = _global_flags()
    seeds = torch.get_rng_state(), np.random.get_state()[1].copy()
    for posterior in ("exact", "amortised"):
        SVIGaussianMixture(2, posterior=posterior, random_state=0, max_iter=5).fit(X)
        with pytest.raises(RuntimeError, match="from the callback"):
            SVIGaussianMixture(2, posterior=posterior, random_state=0, max_iter=5).fit(
                X, callback=_raise
            )
    after = dict(store.named_parameters())
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    assert _global_flags() == flags
    assert torch.equal(seeds[0], torch.get_rng_state())
    np.testing.assert_array_equal(seeds[1], np.random.get_state()[1])
    del store["somebody.elses"]


def test_the_same_seed_gives_the_same_amortised_fit() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 50)
    options = {"posterior": "amortised", "guide_hidden_dims": (3,), "max_iter": 110}
    first, again, other = (
        SVIGaussianMixture(2, random_state=seed, **options).fit(X).lower_bound_
        for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.filterwarnings("ignore:Encountered NaN")
def test_a_step_too_long_is_an_error_that_says_so() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 50)
    with pytest.raises(InputError, match="lower learning_rate"):
        SVIGaussianMixture(2, learning_rate=1e4, random_state=0).fit(X)


def _raise(progress: Progress) -> bool:
    raise RuntimeError("from the callback")


def _global_flags() -> tuple:
    return (
        dict(pyro.settings.get()),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
    )
