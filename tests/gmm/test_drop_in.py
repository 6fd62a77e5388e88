"""EM by hand in the place of scikit-learn's class: same options, same numbers, same words."""

import itertools
import re
from inspect import Parameter, signature
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from suite.data import load
from suite.errors import InputError
from suite.gmm import EMGaussianMixture, MixtureParameters, initial_parameters
from suite.gmm.initial import INIT_METHODS
from tests.gmm.mixtures import SHARED_TYPES, TYPES, random_mixture, rows_from, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROUNDING = 1e-8  # of two float64 EMs after ten steps from one start, as in test_sklearn_em.py
LEARNED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")
X, K = table("iris")


def assert_same(ours: Any, theirs: GaussianMixture, bounds_from: int = 0) -> None:
    assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
    for name in LEARNED:
        expected = getattr(theirs, name)
        # entries that cancel to nearly nothing are compared on the scale of the array
        atol = ROUNDING * np.abs(expected).max()
        np.testing.assert_allclose(
            getattr(ours, name), expected, rtol=ROUNDING, atol=atol, err_msg=name
        )
    np.testing.assert_allclose(
        ours.lower_bounds_[bounds_from:], theirs.lower_bounds_[bounds_from:], rtol=ROUNDING
    )


def test_constructor_and_public_names_are_scikit_learns() -> None:
    ours = signature(EMGaussianMixture).parameters
    for name, theirs in signature(GaussianMixture).parameters.items():
        assert ours[name].default == theirs.default
        assert ours[name].kind == theirs.kind
    kinds = [parameter.kind for parameter in ours.values()]
    assert kinds == [Parameter.POSITIONAL_OR_KEYWORD] + [Parameter.KEYWORD_ONLY] * (len(kinds) - 1)
    fitted = GaussianMixture(2).fit(X)
    public = {name for name in dir(fitted) if not name.startswith("_")}
    assert len(public) > 30
    assert public <= set(dir(EMGaussianMixture(2).fit(X)))


@pytest.mark.parametrize("method", INIT_METHODS)
@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_the_same_seed_gives_the_same_fit(kind: str, method: str) -> None:
    options = {
        "covariance_type": kind,
        "init_params": method,
        # k-means finds the same clusters every time: rounding would choose among their orders
        "n_init": 1 if method == "kmeans" else 3,
        "max_iter": 10,
        "random_state": 0,
        "reg_covar": 1e-3,
    }
    ours, theirs = (
        Mixture(K, **options).fit(X) for Mixture in (EMGaussianMixture, GaussianMixture)
    )
    # Their starts from single rows have weights K/N instead of 1/K, which shows in the first bound.
    assert_same(ours, theirs, bounds_from=1)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    for criterion in ("score", "aic", "bic"):
        assert getattr(ours, criterion)(X) == pytest.approx(getattr(theirs, criterion)(X))
    for mine, hers in zip(ours.sample(20), theirs.sample(20), strict=True):
        np.testing.assert_allclose(mine, hers, rtol=1e-6, atol=1e-6)


def parts_of(kind: str) -> dict[str, np.ndarray]:
    start = initial_parameters(X, K, covariance_type=kind, random_state=3)
    return {
        "weights_init": start.weights,
        "means_init": start.means + 0.1,
        "precisions_init": start.precisions() * 1.5,
    }


GIVEN = [
    tuple(name for name, there in zip(parts_of("full"), chosen, strict=True) if there)
    for chosen in itertools.product([False, True], repeat=3)
]


@pytest.mark.parametrize("given", GIVEN, ids="+".join)
@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_parts_of_a_start_may_be_given(kind: str, given: tuple[str, ...]) -> None:
    options: dict[str, Any] = {"covariance_type": kind, "random_state": 1, "tol": 0.0}
    options |= {name: part for name, part in parts_of(kind).items() if name in given}
    for iterations in (1, 8):
        ours, theirs = (
            Mixture(K, max_iter=iterations, **options).fit(X)
            for Mixture in (EMGaussianMixture, GaussianMixture)
        )
        assert_same(ours, theirs)


@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_a_start_without_iterations_is_what_is_given(kind: str) -> None:
    given = parts_of(kind)
    fitted = EMGaussianMixture(K, covariance_type=kind, max_iter=0, **given).fit(X)
    np.testing.assert_allclose(fitted.weights_, given["weights_init"], rtol=1e-12)
    np.testing.assert_allclose(fitted.means_, given["means_init"], rtol=1e-12)
    np.testing.assert_allclose(fitted.precisions_, given["precisions_init"], rtol=1e-9)
    factors = fitted.precisions_cholesky_
    if kind in ("full", "tied"):
        np.testing.assert_array_equal(factors, np.triu(factors))
        product = factors @ factors.swapaxes(-1, -2)
    else:
        product = factors**2
    np.testing.assert_allclose(product, given["precisions_init"], rtol=1e-9)
    assert (fitted.n_iter_, fitted.lower_bounds_, fitted.lower_bound_) == (0, [], -np.inf)


@pytest.mark.parametrize("kind", ["tied_diag", "tied_spherical"])
def test_precisions_may_be_given_in_the_suites_own_types(kind: str) -> None:
    given = parts_of(kind)
    fitted = EMGaussianMixture(K, covariance_type=kind, max_iter=0, **given).fit(X)
    np.testing.assert_allclose(fitted.precisions_, given["precisions_init"], rtol=1e-12)
    np.testing.assert_allclose(fitted.covariances_, 1 / given["precisions_init"], rtol=1e-12)
    bad = given | {"precisions_init": -given["precisions_init"]}
    with pytest.raises(InputError, match=f"'{kind} precision' should be positive"):
        EMGaussianMixture(K, covariance_type=kind, **bad).fit(X)


def test_a_start_that_is_given_whole_draws_nothing_and_is_climbed_once() -> None:
    random = np.random.RandomState(0)
    before = random.get_state()[1].copy()
    steps: list[int] = []
    fitted = EMGaussianMixture(K, n_init=5, random_state=random, **parts_of("full")).fit(
        X, callback=lambda progress: steps.append(progress.step)
    )
    np.testing.assert_array_equal(random.get_state()[1], before)
    assert len(steps) == fitted.n_iter_
    assert len(fitted.diagnostics_.starts) == 1


@pytest.mark.parametrize("method", ["k-means++", "random_from_data"])
def test_given_precisions_save_a_start_that_has_no_spread(method: str) -> None:
    """The rows drawn have no covariance, which is not needed where precisions are given."""
    precisions = parts_of("full")["precisions_init"]
    options = {"init_params": method, "reg_covar": 0.0, "precisions_init": precisions}
    ours, theirs = (
        Mixture(K, random_state=0, max_iter=3, **options).fit(X)
        for Mixture in (EMGaussianMixture, GaussianMixture)
    )
    assert_same(ours, theirs, bounds_from=1)
    with pytest.raises(InputError, match="ill-defined empirical covariance"):
        EMGaussianMixture(K, random_state=0, **(options | {"precisions_init": None})).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"weights_init": [0.2, 0.3, 0.5, 0.0]},
            r"should have the shape of \(3,\), but got \(4,\)",
        ),
        ({"weights_init": [0.2, "a", 0.5]}, "'weights' should hold numbers"),
        ({"weights_init": [0.2, -0.1, 0.9]}, r"from -0.10000 to 0.90000"),
        ({"means_init": np.full((3, 4), np.nan)}, "'means' should be finite"),
        ({"precisions_init": np.ones((3, 4, 4))}, "symmetric, positive-definite"),
        ({"initial": random_mixture(0, 3, 4, "full"), "means_init": np.zeros((3, 4))}, "got both"),
        ({"verbose_interval": 0}, "verbose_interval"),
        ({"warm_start": "yes"}, "warm_start"),
    ],
)
def test_unusable_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EMGaussianMixture(3, **options).fit(X)


@pytest.mark.parametrize("kind", TYPES)
def test_warm_start_takes_up_where_the_last_fit_ended(kind: str) -> None:
    options = {"covariance_type": kind, "random_state": 0, "tol": 1e-4}
    whole = EMGaussianMixture(K, **options).fit(X)
    assert whole.n_iter_ >= 3
    steps = EMGaussianMixture(K, max_iter=1, n_init=4, warm_start=True, **options)
    bounds = []
    for _ in range(whole.n_iter_):
        assert not getattr(steps, "converged_", False)
        bounds += steps.set_params(n_init=4 if bounds else 1).fit(X).lower_bounds_
    assert steps.converged_  # the bound of the fit before is remembered too
    np.testing.assert_allclose(bounds, whole.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(steps.means_, whole.means_, rtol=1e-9)
    with pytest.raises(InputError, match="got 3 components in 4 dimensions"):
        steps.fit(X[:, :2])


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", ["fit", "fit_predict"])
def test_warns_at_the_line_that_asked_for_the_fit(method: str) -> None:
    with pytest.warns(ConvergenceWarning, match="Best performing .* did not converge") as warned:
        getattr(EMGaussianMixture(K, max_iter=1, random_state=0), method)(X)
    assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.parametrize("verbose", [True, 1, 2])
def test_prints_what_scikit_learn_prints(verbose: int, capsys: pytest.CaptureFixture[str]) -> None:
    options = {
        "n_init": 2,
        "random_state": 0,
        "verbose": verbose,
        "verbose_interval": 3,
        "max_iter": 12,
    }
    printed = []
    for Mixture in (EMGaussianMixture, GaussianMixture):
        Mixture(K, **options).fit(X)
        printed.append(re.sub(r"(time lapse) [\d.]+s", r"\1", capsys.readouterr().out))
    assert printed[0] == printed[1]
    assert printed[0].count("\n") >= 6
    EMGaussianMixture(K, random_state=0).fit(X)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", TYPES)
def test_results_have_the_precision_of_the_data_and_arithmetic_that_of_dtype(kind: str) -> None:
    single = X.astype(np.float32)
    options = {"covariance_type": kind, "max_iter": 5, "random_state": 0}
    of_single = EMGaussianMixture(K, **options).fit(single)
    of_double = EMGaussianMixture(K, **options).fit(single.astype(np.float64))
    for name in LEARNED:
        assert getattr(of_single, name).dtype == np.float32
        assert getattr(of_double, name).dtype == np.float64
        expected = getattr(of_double, name).astype(np.float32)
        np.testing.assert_array_equal(getattr(of_single, name), expected)
    for method in ("score_samples", "predict_proba"):
        assert getattr(of_single, method)(single).dtype == np.float32
        assert getattr(of_single, method)(X).dtype == np.float64
        assert getattr(of_double, method)(single).dtype == np.float64
    in_single = EMGaussianMixture(K, dtype="float32", **options).fit(single)
    assert in_single.means_.dtype == np.float32
    assert (in_single.means_ != of_single.means_).any()


def test_icl_is_mclusts() -> None:
    """mclust 6.0.0, model VVV, two components of Old Faithful: ICL −2322.70465671952.

    mclust adds 2 Σ log max_k p(z = k | x) to its BIC, −2322.19174310115, of the opposite sign to
    scikit-learn's. (The entropy in place of the log of the maximum would make it −2323.58.)
    """
    rows = load("faithful", test_size=0).train
    # mclust stopped where 1e-9 nats were left to gain, √(2e-9) = 5e-5 standard errors from the
    # optimum. The criteria are flat there but for the ICL's last term: a few nats for a standard
    # error at most, for it is 0.5 in all. With the other reading of that term it would be 0.9 off.
    fitted = EMGaussianMixture(2, reg_covar=0.0, tol=1e-13, max_iter=2000, random_state=0).fit(rows)
    assert fitted.score(rows) * len(rows) == pytest.approx(-1130.26396018595, abs=1e-8)
    assert fitted.bic(rows) == pytest.approx(2322.19174310115, abs=2e-8)
    assert fitted.icl(rows) == pytest.approx(2322.70465671952, abs=1e-3)


@pytest.mark.parametrize("kind", TYPES)
def test_icl_is_the_likelihood_of_rows_and_their_assignments_penalised(kind: str) -> None:
    mixture = random_mixture(4, 3, 2, kind)
    rows = rows_from(mixture, 50)
    fitted = EMGaussianMixture(3, covariance_type=kind, initial=mixture, max_iter=0).fit(rows)
    completed = mixture.log_joint(rows).max(axis=1).sum()
    free = {"full": 9, "tied": 3, "diag": 6, "spherical": 3, "tied_diag": 2, "tied_spherical": 1}
    n_parameters = 2 + 6 + free[kind]
    assert fitted.icl(rows) == pytest.approx(-2 * completed + n_parameters * np.log(50), rel=1e-12)
    assert fitted.icl(rows) > fitted.bic(rows)


def test_a_component_that_collapses_on_the_way_ends_the_climb() -> None:
    """The rows of a far pair become one component's own, and its variance vanishes."""
    rows = np.vstack([X, [[50.0] * 4] * 2])
    start = MixtureParameters([0.9, 0.1], [X.mean(0), [50.0] * 4], [1.0, 1.0], "spherical")
    options = {"covariance_type": "spherical", "initial": start, "reg_covar": 0.0}
    fitted = EMGaussianMixture(2, **options).fit(rows)
    assert (fitted.n_iter_, fitted.converged_) == (1, False)
    np.testing.assert_array_equal(fitted.covariances_, start.covariances)
    assert np.isfinite(fitted.score_samples(rows)).all()
