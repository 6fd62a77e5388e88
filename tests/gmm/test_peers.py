"""Other packages' mixtures take the shared start and EM's path, to single precision."""

from typing import Any

import numpy as np
import pytest

from suite.errors import InputError
from suite.evaluation import mixture_log_likelihood
from suite.gmm import EMGaussianMixture, MixtureParameters, initial_parameters
from suite.progress import Progress
from suite.registry import ESTIMATORS, UnavailableError
from tests.gmm.mixtures import random_mixture, rows_from

PEERS = [name for name, spec in ESTIMATORS.items() if spec.path.startswith("suite.gmm.peers.")]
X = rows_from(random_mixture(0, 3, 2, "full"), 300)
STEPS = 5

# Ten thousand roundings of single precision, for five iterations over 300 rows.
SINGLE_PRECISION = 1e4 * float(np.finfo(np.float32).eps)

pytestmark = pytest.mark.filterwarnings("ignore")


def peer(name: str) -> type[Any]:
    try:
        return ESTIMATORS[name].load()
    except UnavailableError as error:
        pytest.skip(str(error))


def cases() -> list[tuple[str, str]]:
    tied = [("torchgmm", "tied")]
    return tied + [(name, kind) for name in PEERS for kind in ("full", "diag", "spherical")]


@pytest.mark.parametrize(("name", "kind"), cases())
def test_a_peer_takes_ems_path_from_the_same_start(name: str, kind: str) -> None:
    Peer = peer(name)
    start = initial_parameters(X, 3, covariance_type=kind, random_state=0, reg_covar=0)
    options = {"covariance_type": kind, "tol": 0, "reg_covar": 0, "max_iter": STEPS}
    ours = EMGaussianMixture(3, **options, initial=start).fit(X)
    way: list[float] = []

    def note(progress: Progress) -> None:
        way.append(float(mixture_log_likelihood(progress.state().parameters, X).mean()))
        assert progress.step == len(way)

    fitted = Peer(3, **options, initial=start).fit(X, callback=note)
    assert len(way) == fitted.n_iter_ == STEPS
    np.testing.assert_allclose(fitted.lower_bounds_, ours.lower_bounds_, rtol=SINGLE_PRECISION)
    np.testing.assert_allclose(way[:-1], ours.lower_bounds_[1:], rtol=SINGLE_PRECISION)
    for attribute in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(
            getattr(fitted, attribute),
            getattr(ours, attribute),
            rtol=SINGLE_PRECISION,
            atol=SINGLE_PRECISION,
        )
    assert MixtureParameters.from_estimator(fitted).covariance_type == kind
    assert not fitted.converged_


@pytest.mark.parametrize("name", PEERS)
def test_a_callback_stops_a_peer_and_a_tolerance_too(name: str) -> None:
    Peer = peer(name)
    stopped = Peer(3, random_state=0, tol=0).fit(X, callback=lambda progress: progress.step == 2)
    assert stopped.n_iter_ == 2
    assert not stopped.converged_
    assert stopped.means_.shape == (3, 2)
    done = Peer(3, random_state=0, tol=1e-2, max_iter=50).fit(X)
    assert done.converged_
    assert done.n_iter_ < 50


def test_what_a_package_cannot_do_is_refused() -> None:
    Peer = peer("pomegranate")
    with pytest.raises(InputError, match=r"full, diag, spherical.*'tied'"):
        Peer(2, covariance_type="tied").fit(X)
    with pytest.raises(InputError, match="reg_covar = 0"):
        Peer(2, reg_covar=1e-6).fit(X)


@pytest.mark.parametrize("name", PEERS)
def test_a_missing_package_is_named_with_its_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("suite.registry.import_module", absent)
    with pytest.raises(UnavailableError, match=rf"needs the package {name}.*suite\[peers\]"):
        ESTIMATORS[name].load()
