"""What every registered mixture must do: a new one is picked up by itself.

It keeps the contract that `studies check` runs on anybody's estimator (`studies.contract`); the
rest is what the suite's own mixtures promise beyond it.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from studies.contract import Check, contract, found, subject
from suite.errors import InputError
from suite.evaluation import mixture_elbo, mixture_log_likelihood
from suite.gmm import MixtureParameters, MixtureState, initial_parameters
from suite.progress import Progress
from suite.registry import ESTIMATORS
from tests.gmm.mixtures import SHARED_TYPES, TYPES, random_mixture, rows_from
from tests.installed import is_installed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def types_of(Mixture: type[Any]) -> tuple[str, ...]:
    """The covariance types that this estimator takes."""
    return SHARED_TYPES if issubclass(Mixture, GaussianMixture) else TYPES


# The packages of the extra "peers" bring loops of their own: tests/gmm/test_peers.py is theirs.
MIXTURES = [
    name
    for name, spec in ESTIMATORS.items()
    if spec.family == "mixture" and spec.extra != "peers" and is_installed(spec)
]
TRUTH = random_mixture(0, 2, 2, "full")
X = rows_from(TRUTH, 80)


@pytest.fixture(params=MIXTURES)
def Mixture(request: pytest.FixtureRequest) -> type[Any]:
    return ESTIMATORS[request.param].load()


@pytest.mark.parametrize("check", contract("mixture"), ids=lambda check: check.promise)
@pytest.mark.parametrize("name", MIXTURES)
def test_keeps_the_contract(name: str, check: Check) -> None:
    finding = found(check, subject(ESTIMATORS[name]))
    assert finding.right, finding


def test_learned_attributes_have_scikit_learns_names_and_shapes(Mixture: type[Any]) -> None:
    shapes = {"full": (2, 2, 2), "tied": (2, 2), "diag": (2, 2), "spherical": (2,)}
    if "tied_diag" in types_of(Mixture):
        shapes |= {"tied_diag": (2,), "tied_spherical": ()}
    for kind, shape in shapes.items():
        fitted = Mixture(2, covariance_type=kind, max_iter=4, random_state=0).fit(X)
        assert fitted.weights_.shape == (2,)
        assert fitted.means_.shape == (2, 2)
        for name in ("covariances_", "precisions_", "precisions_cholesky_"):
            assert getattr(fitted, name).shape == shape
            assert getattr(fitted, name).dtype == np.float64
        assert fitted.n_iter_ == len(fitted.lower_bounds_) <= 4
        assert fitted.lower_bound_ == fitted.lower_bounds_[-1]
        assert isinstance(fitted.converged_, bool)
        assert fitted.n_features_in_ == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in MIXTURES for kind in types_of(ESTIMATORS[name].load())],
)
def test_predictions_agree_with_the_evaluation(name: str, kind: str) -> None:
    Mixture = ESTIMATORS[name].load()
    fitted = Mixture(2, covariance_type=kind, max_iter=4, random_state=0).fit(X)
    parameters = MixtureParameters.from_estimator(fitted)
    expected = mixture_log_likelihood(parameters, X)
    np.testing.assert_allclose(fitted.score_samples(X), expected, rtol=1e-10)
    assert fitted.score(X) == pytest.approx(expected.mean())
    posterior = parameters.responsibilities(X)
    np.testing.assert_allclose(fitted.predict_proba(X), posterior, rtol=1e-8, atol=1e-14)
    np.testing.assert_array_equal(fitted.predict(X), posterior.argmax(1))
    assert fitted.n_parameters() == parameters.n_parameters
    total, n_parameters = expected.sum(), parameters.n_parameters
    assert fitted.aic(X) == pytest.approx(-2 * total + 2 * n_parameters)
    assert fitted.bic(X) == pytest.approx(-2 * total + n_parameters * np.log(len(X)))
    rows, labels = fitted.sample(7)
    assert rows.shape == (7, 2)
    assert labels.shape == (7,)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    "name",
    # NumPyro compiles for each of the tables that scikit-learn tries.
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "numpyro-svi" else [])
        for name in MIXTURES
    ],
)
def test_passes_scikit_learns_own_checks(name: str) -> None:
    check_estimator(ESTIMATORS[name].load()(max_iter=20))


def test_callback_is_told_every_step_and_can_stop_the_fit(Mixture: type[Any]) -> None:
    seen: list[Progress] = []
    last: list[MixtureState] = []

    def note(progress: Progress) -> bool:
        seen.append(progress)
        last.append(progress.state())
        return progress.step == 3

    start = initial_parameters(X, 2, random_state=0)
    fitted = Mixture(2, initial=start, tol=0.0).fit(X, callback=note)
    assert [progress.step for progress in seen] == [1, 2, 3]
    assert [progress.objective for progress in seen] == fitted.lower_bounds_
    assert seen[0].objective == pytest.approx(mixture_log_likelihood(start, X).mean(), rel=1e-10)
    np.testing.assert_array_equal(last[-1].parameters.means, fitted.means_)
    for progress, state in zip(seen, last, strict=True):
        bound = mixture_elbo(state.parameters, X, state.responsibilities)
        assert bound >= progress.objective - 1e-9
    assert not fitted.converged_
    assert not [name for name in vars(fitted) if "monitor" in name or "callback" in name]


def test_works_in_a_pipeline_and_a_grid_search(Mixture: type[Any]) -> None:
    pipeline = make_pipeline(StandardScaler(), Mixture(2, max_iter=3, random_state=0))
    assert pipeline.fit(X).predict(X).shape == (80,)
    assert np.isfinite(pipeline.score(X))
    grid = {"covariance_type": ["full", "diag"]}
    search = GridSearchCV(Mixture(2, max_iter=3, random_state=0), grid, cv=2).fit(X)
    assert search.best_params_["covariance_type"] in grid["covariance_type"]


def test_names_of_features_are_kept_and_compared(Mixture: type[Any]) -> None:
    frame = pd.DataFrame(X, columns=["width", "height"])
    fitted = Mixture(2, max_iter=2, random_state=0).fit(frame)
    assert fitted.feature_names_in_.tolist() == ["width", "height"]
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame.rename(columns={"width": "depth"}))


def test_no_convergence_is_a_warning(Mixture: type[Any]) -> None:
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        Mixture(2, max_iter=2, tol=0.0, random_state=0).fit(X)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (np.where(np.eye(80, 2) > 0, np.nan, X), {}, "got NaN in row 0, column 0"),
        (np.where(np.eye(80, 2) > 0, -np.inf, X), {}, "got infinity in row 0, column 0"),
        (X[:2], {"n_components": 3}, "got n_components = 3, n_samples = 2"),
        (X[:1], {"n_components": 1}, "minimum of 2 is required"),
        (X[:, 0], {}, "Expected 2D array, got 1D array"),
        ([["a", "b"], ["c", "d"], ["e", "f"]], {}, "could not convert string to float"),
        (X, {"n_components": 0}, "n_components"),
        (X, {"covariance_type": "round"}, "covariance_type"),
        (X, {"tol": -1.0}, "tol"),
        (X, {"init_params": "guess"}, "init_params"),
        (X, {"initial": random_mixture(0, 3, 2, "full")}, "got 3 components in 2 dimensions"),
        (X, {"initial": random_mixture(0, 2, 5, "full")}, "got 2 components in 5 dimensions"),
        (X, {"initial": random_mixture(0, 2, 2, "diag")}, "with diag covariances"),
        (np.ones((9, 2)), {"n_components": 1, "reg_covar": 0.0}, "reg_covar"),
    ],
)
def test_bad_input_is_one_sentence_that_says_what_to_do(
    Mixture: type[Any], rows: Any, options: dict[str, Any], message: str
) -> None:
    estimator = Mixture(**({"n_components": 2, "random_state": 0} | options))
    with pytest.raises(InputError, match=message) as raised:
        estimator.fit(rows)
    assert "\n" not in str(raised.value)
    assert not hasattr(estimator, "lower_bound_")


def test_other_columns_at_prediction_are_refused(Mixture: type[Any]) -> None:
    fitted = Mixture(2, max_iter=2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="expecting 2 features"):
        fitted.predict(X[:, :1])
    with pytest.raises(ValueError, match="NaN"):
        fitted.score_samples([[np.nan, 0.0]])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"dtype": "int8"}, "dtype must be"), ({"device": "tpu"}, "device must be")],
)
@pytest.mark.parametrize("name", ["em", "svi"])
def test_unknown_device_and_dtype_are_refused(name: str, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ESTIMATORS[name].load()(2, **options).fit(X)
