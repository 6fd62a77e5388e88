"""Information criteria, against mclust's printed figures and by hand."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from suite.data import load
from suite.evaluation import information_criteria
from suite.gmm import MixtureParameters
from tests.gmm.mixtures import SHARED_TYPES, random_mixture, rows_from

# Data, type, K, and of R's mclust 6.0.0: total log-likelihood, BIC, ICL (both with the opposite
# sign), degrees of freedom. Rows where any start reaches the optimum that mclust printed.
MCLUST = [
    ("iris", "full", 2, -214.354704370512, -574.017832269816, -574.019098673, 29),
    ("iris", "spherical", 3, -384.314095099699, -853.808990199034, -860.900795653334, 17),
    ("faithful", "tied", 2, -1140.18675943711, -2325.2199354046, -2326.70939217491, 8),
    ("faithful", "diag", 2, -1147.80635253781, -2346.06492367229, -2346.16083857356, 9),
]
# mclust stopped at a relative gain of 1e-10 of its log-likelihood, some 1e-7 nats a step; where EM
# converges as slowly as here (rate 0.9 at most) what is left is ten times that. ICL depends on the
# posterior to first order, not to second as the likelihood does: the square root, times N.
LIKELIHOOD_LEFT = 1e-5
POSTERIOR_LEFT = 1e-2


@pytest.mark.parametrize(("name", "kind", "K", "total", "bic", "icl", "n_parameters"), MCLUST)
def test_criteria_are_mclusts_with_the_sign_turned(
    name: str, kind: str, K: int, total: float, bic: float, icl: float, n_parameters: int
) -> None:
    X = load(name, test_size=0.0).train
    fitted = GaussianMixture(
        K, covariance_type=kind, tol=1e-10, reg_covar=0, max_iter=2000, random_state=0
    ).fit(X)
    criteria = information_criteria(MixtureParameters.from_estimator(fitted), X)
    assert criteria.n_parameters == n_parameters
    assert criteria.n_rows == len(X)
    assert criteria.total_log_likelihood == pytest.approx(total, abs=LIKELIHOOD_LEFT)
    assert criteria.bic == pytest.approx(-bic, abs=2 * LIKELIHOOD_LEFT)
    assert criteria.icl == pytest.approx(-icl, abs=POSTERIOR_LEFT)


@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_aic_and_bic_are_scikit_learns(kind: str) -> None:
    X = rows_from(random_mixture(3, 2, 3, kind), 200)
    fitted = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    criteria = information_criteria(MixtureParameters.from_estimator(fitted), X)
    assert criteria.aic == pytest.approx(fitted.aic(X), rel=1e-10)
    assert criteria.bic == pytest.approx(fitted.bic(X), rel=1e-10)


def test_icl_by_hand() -> None:
    # Two components one of whose posteriors is 3/4 at 0: log p(0) = log N(0 | 0, 1).
    mixture = MixtureParameters([0.75, 0.25], [[0.0], [0.0]], [1.0, 1.0], "spherical")
    criteria = information_criteria(mixture, [[0.0]])
    assert criteria.n_parameters == 1 + 2 + 2
    assert criteria.bic == pytest.approx(np.log(2 * np.pi))  # log N = 0
    assert criteria.icl - criteria.bic == pytest.approx(-2 * np.log(0.75))
