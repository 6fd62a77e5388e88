"""EM's rate: against the information matrices, against converged runs, and where it is known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from suite.errors import InputError
from suite.evaluation import em_rate, observed_rate, predicted_iterations
from suite.evaluation.em_map import Chart
from suite.gmm import EMGaussianMixture, MixtureParameters
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

RATE_TOLERANCE = 1e-3  # the slope of log gains over a decade; the second eigenvalue's share
EIGENVALUE_TOLERANCE = 1e-7  # of matrices known to 1e-9, the fixed point being exact to 1e-8

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def converged(X: np.ndarray, K: int, kind: str, start: MixtureParameters) -> EMGaussianMixture:
    fit = EMGaussianMixture(
        K, covariance_type=kind, reg_covar=0, tol=0, max_iter=1500, initial=start
    )
    return fit.fit(X)


def overlapping(kind: str) -> tuple[np.ndarray, MixtureParameters]:
    truth = random_mixture(3, 2, 2, kind)
    means = np.array([[0.0, 0.0], [2.6, 0.8]])
    truth = MixtureParameters(truth.weights, means, truth.covariances, kind)
    return rows_from(truth, 600), truth


@pytest.mark.parametrize("kind", TYPES)
def test_one_step_is_the_estimators_and_its_rate_is_the_one_its_bounds_show(kind: str) -> None:
    X, truth = overlapping(kind)
    step = EMGaussianMixture(
        2, covariance_type=kind, reg_covar=0, tol=0, max_iter=1, initial=truth
    ).fit(X)
    chart = Chart(2, 2, kind)
    expected = chart.free(MixtureParameters.from_estimator(step))
    torch.testing.assert_close(
        chart.em_step(torch.tensor(X), chart.free(truth)), expected, rtol=1e-10, atol=1e-12
    )
    fit = converged(X, 2, kind, truth)
    theory = em_rate(MixtureParameters.from_estimator(fit), X)
    assert len(theory.eigenvalues) == fit.n_parameters()
    assert theory.displacement < 1e-6
    assert 0.3 < theory.rate < 0.999
    assert observed_rate(fit.lower_bounds_) == pytest.approx(theory.rate, abs=RATE_TOLERANCE)


def test_eigenvalues_are_the_fractions_of_missing_information() -> None:
    """I − I_complete⁻¹ I_observed, from second derivatives of log-likelihood and EM objective."""
    truth = MixtureParameters([0.4, 0.6], [[0.0], [2.5]], [1.0, 0.7], "spherical")
    X = rows_from(truth, 500)
    fit = converged(X, 2, "spherical", truth)
    rows = torch.tensor(X[:, 0])

    def log_joint(free: Tensor) -> Tensor:
        weight, means, variances = free[0], free[1:3], free[3:5]
        weights = torch.stack([weight, 1 - weight])
        squares = (rows[:, None] - means).square() / variances
        return weights.log() - 0.5 * (squares + variances.log() + math.log(2 * math.pi))

    point = torch.tensor([fit.weights_[0], *fit.means_.ravel(), *fit.covariances_])
    posterior = log_joint(point).softmax(1)
    hessian = torch.autograd.functional.hessian
    observed = hessian(lambda free: log_joint(free).logsumexp(1).sum(), point)
    complete = hessian(lambda free: (posterior * log_joint(free)).sum(), point)
    missing = torch.eye(5, dtype=torch.float64) - torch.linalg.solve(complete, observed)
    expected = np.sort(torch.linalg.eigvals(missing).real.numpy())[::-1]
    result = em_rate(MixtureParameters.from_estimator(fit), X)
    np.testing.assert_allclose(
        np.sort(result.eigenvalues)[::-1], expected, atol=EIGENVALUE_TOLERANCE
    )


@pytest.mark.parametrize("kind", TYPES)
def test_one_component_misses_nothing(kind: str) -> None:
    X = rows_from(random_mixture(0, 1, 3, kind), 50)
    fit = EMGaussianMixture(1, covariance_type=kind, reg_covar=0).fit(X)
    assert em_rate(MixtureParameters.from_estimator(fit), X).rate < 1e-12


def test_a_rate_is_read_from_clear_gains_alone() -> None:
    shortfall = 0.9 ** (2 * np.arange(400.0))
    noise = np.random.default_rng(0).normal(scale=1e-16, size=400)
    assert observed_rate(-3 - shortfall + noise) == pytest.approx(0.9, abs=1e-3)
    assert math.isnan(observed_rate([-3.0, -2.5, -2.4]))
    assert math.isnan(observed_rate([]))


def test_predictions_invert_the_geometric_fall() -> None:
    assert predicted_iterations(0.5 * 0.8**-30, 0.5, 0.8) == pytest.approx(15)
    assert predicted_iterations(0.1, 0.5, 0.8) == 0
    assert predicted_iterations(1.0, 0.5, 1.0) == math.inf


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match="2 features"):
        em_rate(random_mixture(0, 2, 2, "full"), np.zeros((5, 3)))
