"""The NumPyro mixture is the Pyro mixture: same objective, gradient, path and optimum."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the extra 'numpyro' is not installed")

import jax
import jax.numpy as jnp
import torch
from pyro.infer import Trace_ELBO

from suite.data import load
from suite.errors import InputError
from suite.evaluation import mixture_log_likelihood
from suite.evaluation.parity_mixture import mixture_parity
from suite.gmm import (
    EMGaussianMixture,
    GaussianMixtureModel,
    MixtureParameters,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.gmm.numpyro_svi import NumPyroGaussianMixture
from suite.gmm.settling import WholeSettling
from suite.progress import Progress
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TWINS = (SVIGaussianMixture, NumPyroGaussianMixture)
EPS = float(np.finfo(np.float64).eps)
N_ROWS = 100
TRUTH = random_mixture(0, 2, 2, "full")
X = rows_from(TRUTH, N_ROWS)
STEPS = 60  # past the 25th and the 50th step, where the step size may be halved

# A sum over N rows of terms near one rounds by at most N ε; the densities' factors, conditioned
# below 100 here, by a hundred ε more each: together below 100 N ε in the objective and gradient.
SUM_ROUNDING = 100 * N_ROWS * EPS

# Adam divides by the gradient's size, so that a step's relative error is the gradient's, of which
# STEPS add up; they reach the next gradients, which a factor of 100 allows for.
PATH_ROUNDING = 100 * STEPS * SUM_ROUNDING


@pytest.mark.parametrize("kind", TYPES)
def test_objective_is_the_exact_log_likelihood_and_gradient_is_autograds(kind: str) -> None:
    at = random_mixture(1, 2, 2, kind)
    mixture = NumPyroGaussianMixture(2, covariance_type=kind, reg_covar=0.5)
    found = mixture.objective_at(X, at)
    exact = mixture_log_likelihood(at, X).mean()
    assert found.objective == pytest.approx(exact, rel=0, abs=1e-9)
    assert found.objective == pytest.approx(exact, rel=SUM_ROUNDING)
    model = GaussianMixtureModel(2, 2, covariance_type=kind, initial=at)
    loss = Trace_ELBO().differentiable_loss(model.marginal, model.guide, torch.tensor(X))
    (-loss / N_ROWS).backward()
    for name, parameter in zip(("logits", "means", "scales"), model.own_parameters(), strict=True):
        slope = parameter.grad.numpy()
        own = found.gradient[name]
        np.testing.assert_allclose(own, slope, rtol=SUM_ROUNDING, atol=SUM_ROUNDING)
        assert np.abs(slope).max() > 1e-3


@pytest.mark.parametrize("kind", TYPES)
def test_takes_the_pyro_twins_path(kind: str) -> None:
    start = random_mixture(1, 2, 2, kind)
    options = {"covariance_type": kind, "reg_covar": 0.01, "tol": 0.0, "max_iter": STEPS}
    paths = []
    for Mixture in TWINS:
        states: list[MixtureParameters] = []
        fitted = Mixture(2, initial=start, learning_rate=0.05, **options).fit(
            X, callback=lambda progress, states=states: states.append(progress.state().parameters)
        )
        assert fitted.n_iter_ == len(states) == STEPS
        paths.append((fitted, states))
    (svi, svis), (twin, twins) = paths
    assert max(svi.lower_bounds_) - svi.lower_bounds_[0] > 0.1
    np.testing.assert_allclose(twin.lower_bounds_, svi.lower_bounds_, rtol=PATH_ROUNDING)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            [getattr(state, name) for state in twins],
            [getattr(state, name) for state in svis],
            rtol=PATH_ROUNDING,
            atol=PATH_ROUNDING,
        )


def test_halves_the_step_where_the_pyro_twin_does() -> None:
    options = {"learning_rate": 1.0, "tol": 0.0, "max_iter": STEPS, "initial": TRUTH}
    svi, twin = (Mixture(2, **options).fit(X) for Mixture in TWINS)
    settling = WholeSettling(0.0)
    assert any(settling.note(bound) for bound in svi.lower_bounds_)
    # Steps as long as a component is wide overshoot: no error shrinks on the way.
    np.testing.assert_allclose(twin.lower_bounds_, svi.lower_bounds_, rtol=100 * PATH_ROUNDING)


@pytest.mark.parametrize(("name", "n_components"), [("iris", 3), ("faithful", 2)])
def test_reaches_the_optimum_of_em(name: str, n_components: int) -> None:
    rows = load(name, test_size=0).train
    start = initial_parameters(rows, n_components, random_state=0)
    em = EMGaussianMixture(n_components, initial=start, tol=1e-9, max_iter=2000).fit(rows)
    twin = NumPyroGaussianMixture(n_components, initial=start).fit(rows)
    assert em.converged_
    assert twin.converged_
    assert abs(twin.score(rows) - em.score(rows)) < 0.01  # nats per datum: as SVI promises
    assert twin.lower_bound_ == pytest.approx(twin.score(rows), abs=1e-4)


def test_steps_made_at_once_are_those_made_one_by_one() -> None:
    for options in ({"max_iter": 7}, {"max_iter": 40}, {"tol": 1e-3}):
        estimator = NumPyroGaussianMixture(2, random_state=0, **options)
        at_once = estimator.fit(X)
        found = (at_once.n_iter_, at_once.converged_, at_once.means_, at_once.lower_bounds_)
        one_by_one = estimator.fit(X, callback=lambda progress: None)
        assert found[:2] == (one_by_one.n_iter_, one_by_one.converged_)
        np.testing.assert_allclose(found[2], one_by_one.means_, rtol=PATH_ROUNDING)
        np.testing.assert_allclose(found[3], one_by_one.lower_bounds_, rtol=PATH_ROUNDING)


def test_a_state_stays_that_of_its_step() -> None:
    told: list[Progress] = []
    fitted = NumPyroGaussianMixture(2, random_state=0, max_iter=5).fit(X, callback=told.append)
    late = [progress.state().parameters for progress in told]
    bounds = [mixture_log_likelihood(state, X).mean() for state in late[:-1]]
    np.testing.assert_allclose(bounds, fitted.lower_bounds_[1:], rtol=SUM_ROUNDING)


def test_the_best_of_several_starts_is_kept() -> None:
    options = {"init_params": "random_from_data", "max_iter": 20, "tol": 0.0, "random_state": 0}
    ends: list[float] = []

    def note(progress: Progress) -> None:
        if progress.step % 20 == 0:
            ends.append(progress.objective)

    fitted = NumPyroGaussianMixture(2, n_init=3, **options).fit(X, callback=note)
    assert len(set(ends)) == 3
    assert fitted.lower_bound_ == max(ends)


def test_row_weights_count_rows() -> None:
    weights = np.random.RandomState(0).randint(0, 3, N_ROWS)
    start = initial_parameters(X, 2, random_state=0)
    weighted, repeated = (
        NumPyroGaussianMixture(2, initial=start, max_iter=20, tol=0.0) for _ in range(2)
    )
    weighted.fit(X, sample_weight=weights)
    repeated.fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=PATH_ROUNDING)
    np.testing.assert_allclose(weighted.lower_bounds_, repeated.lower_bounds_, rtol=PATH_ROUNDING)


def test_single_precision_is_computed_in_single_precision() -> None:
    start = initial_parameters(X, 2, random_state=0)
    single, double = (
        NumPyroGaussianMixture(2, initial=start, max_iter=5, tol=0.0, dtype=dtype).fit(X)
        for dtype in ("float32", "float64")
    )
    error = np.abs(np.subtract(single.lower_bounds_, double.lower_bounds_)).max()
    assert EPS < error < 100 * N_ROWS * np.finfo(np.float32).eps
    with pytest.raises(InputError, match="dtype must be 'float32' or 'float64'"):
        NumPyroGaussianMixture(2, dtype="float16").fit(X)


def test_settings_of_jax_are_left_as_they_are_for_everybody_else() -> None:
    def look(progress: Progress) -> bool:
        seen.append((jax.config.jax_enable_x64, jnp.ones(1).dtype))
        if progress.step == 2:
            raise RuntimeError("from the callback")
        return False

    seen: list[Any] = []
    before = jax.config.jax_enable_x64, jnp.ones(1).dtype
    with pytest.raises(RuntimeError, match="from the callback"):
        NumPyroGaussianMixture(2, random_state=0).fit(X, callback=look)
    assert before == (False, jnp.float32)
    assert seen == [before] * 2
    assert (jax.config.jax_enable_x64, jnp.ones(1).dtype) == before


def test_a_step_too_long_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="lower learning_rate"):
        NumPyroGaussianMixture(2, learning_rate=1e4, random_state=0).fit(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_passes_the_parity_gate(dtype: str) -> None:
    start = initial_parameters(X, 2, random_state=0)

    def make(max_iter: int) -> NumPyroGaussianMixture:
        return NumPyroGaussianMixture(2, initial=start, max_iter=max_iter, dtype=dtype)

    found = mixture_parity(make, start, X, steps="ascent")
    assert [one.outcome for one in found] == ["agrees"] * 3


def test_compiling_is_told_and_is_done_once_for_a_shape() -> None:
    estimator = NumPyroGaussianMixture(3, max_iter=5, random_state=0)
    assert estimator.fit(X[:, :1]).compile_seconds_ > 0
    assert estimator.fit(X[:, :1]).compile_seconds_ == 0
