"""Many starts at once, some of which lead nowhere."""

import numpy as np
import pytest

from suite.data import load
from suite.errors import InputError
from suite.evaluation import regularity
from suite.gmm import EMGaussianMixture, MixtureParameters


def test_a_narrow_optimum_on_few_rows_ranks_last_if_asked() -> None:
    # Two of the 82 galaxies lie so close together, and far from others, that a component on them
    # alone raises the likelihood by nats: its variance is 9e-5 of the data's.
    X = load("galaxies", test_size=0.0).train
    kept = {}
    for least in (1e-6, 1e-3):
        mixture = EMGaussianMixture(
            5,
            reg_covar=0.0,
            tol=1e-8,
            max_iter=3000,
            n_init=30,
            init_params="random",
            random_state=0,
            least_spread=least,
        ).fit(X)
        kept[least] = mixture
        assert mixture.diagnostics_.is_regular
        found = regularity(MixtureParameters.from_estimator(mixture), X)
        assert found.smallest_spread >= least
    assert kept[1e-6].score(X) > kept[1e-3].score(X)
    assert kept[1e-6].diagnostics_.n_regular > kept[1e-3].diagnostics_.n_regular


def test_a_component_on_too_few_rows_ranks_last_if_asked() -> None:
    # A diagonal component on two rows of three features is narrow in no direction here, and above
    # all others; with a shared covariance nothing is high for being on few rows.
    X = load("diabetes", test_size=0.0).train
    settings = {"reg_covar": 0.0, "tol": 1e-8, "max_iter": 3000, "n_init": 30, "random_state": 0}
    kept = {
        least: EMGaussianMixture(
            6, covariance_type="diag", init_params="random", least_count=least, **settings
        ).fit(X)
        for least in (None, 4)
    }
    counts = {
        least: fit.diagnostics_.starts[fit.diagnostics_.chosen] for least, fit in kept.items()
    }
    assert counts[None].smallest_count < 4 <= counts[4].smallest_count
    assert kept[None].score(X) > kept[4].score(X)
    tied = EMGaussianMixture(2, covariance_type="tied", least_count=140, **settings).fit(X)
    assert tied.diagnostics_.is_regular


def test_a_start_without_a_density_leaves_the_others_alone() -> None:
    # The far row is a cluster of its own in k-means, and k-means++ starts from single rows: neither
    # has a covariance. Of 30 starts on the diabetes table some have a cluster of one row.
    X = np.array([[0.0], [0.1], [0.3], [5.0], [5.2], [5.5], [40.0]])
    with pytest.raises(InputError, match="ill-defined empirical covariance"):
        EMGaussianMixture(3, reg_covar=0.0, random_state=0).fit(X)
    with pytest.raises(InputError, match="ill-defined empirical covariance"):
        EMGaussianMixture(3, reg_covar=0.0, init_params="k-means++", n_init=4).fit(X)
    rows = load("diabetes", test_size=0.0).train
    mixture = EMGaussianMixture(6, reg_covar=0.0, n_init=30, tol=1e-6, random_state=0).fit(rows)
    assert 0 < len(mixture.diagnostics_.starts) < 30
    assert len(mixture.diagnostics_.starts) + mixture.diagnostics_.n_failed == 30
    assert "of 30 starts" in str(mixture.diagnostics_)
    assert mixture.diagnostics_.is_regular
