"""A sweep over the number of components is each fit by itself, together."""

import numpy as np
import pytest

from suite.data import load
from suite.errors import InputError
from suite.gmm import EMGaussianMixture, sweep_components
from tests.gmm.mixtures import TYPES, random_mixture, rows_from


@pytest.mark.parametrize("kind", TYPES)
def test_every_mixture_is_the_one_fitted_alone(kind: str) -> None:
    X = rows_from(random_mixture(1, 3, 2, kind), 150)
    template = EMGaussianMixture(covariance_type=kind, n_init=3, random_state=5, tol=1e-5)
    sweep = sweep_components(X, [1, 4, 2], template)
    for n_components, mixture in zip([1, 4, 2], sweep.mixtures, strict=True):
        alone = EMGaussianMixture(
            n_components, covariance_type=kind, n_init=3, random_state=5, tol=1e-5
        ).fit(X)
        assert mixture.n_components == n_components
        np.testing.assert_allclose(mixture.lower_bounds_, alone.lower_bounds_, rtol=1e-10)
        np.testing.assert_allclose(mixture.means_, alone.means_, rtol=1e-7, atol=1e-9)
        starts = zip(mixture.diagnostics_.starts, alone.diagnostics_.starts, strict=True)
        assert all(one.n_iter == other.n_iter for one, other in starts)
    row = sweep.table.iloc[1]
    assert row.bic == sweep.mixtures[1].bic(X)
    assert row.icl == sweep.mixtures[1].icl(X)
    assert row.total_log_likelihood == pytest.approx(sweep.mixtures[1].score(X) * len(X))
    assert not hasattr(template, "means_")


def test_the_best_is_the_lowest_of_the_regular_ones() -> None:
    X = load("faithful", test_size=0.0).train
    sweep = sweep_components(X, range(1, 5), EMGaussianMixture(n_init=5, random_state=0, tol=1e-6))
    assert sweep.best("bic").n_components == sweep.best("icl").n_components == 2
    assert sweep.best("aic").aic(X) == sweep.table.aic.min()
    twins = np.repeat([[0.0], [1.0], [2.0], [3.5]], 5, axis=0)  # four points, five times each
    sweep = sweep_components(twins, [1, 4], EMGaussianMixture(random_state=0))
    assert sweep.table.is_regular.tolist() == [True, False]
    assert sweep.table.bic.idxmin() == 1
    assert sweep.best().n_components == 1


def test_what_a_sweep_cannot_do_is_refused() -> None:
    X = rows_from(random_mixture(1, 2, 2, "full"), 10)
    with pytest.raises(InputError, match="at least one number"):
        sweep_components(X, [])
    with pytest.raises(InputError, match="n_components = 11"):
        sweep_components(X, [2, 11])
    with pytest.raises(InputError, match="leave out initial"):
        sweep_components(X, [2], EMGaussianMixture(batch_size=5))
    with pytest.raises(InputError, match="aic, bic or icl"):
        sweep_components(X, [2], EMGaussianMixture(random_state=0)).best("dic")
