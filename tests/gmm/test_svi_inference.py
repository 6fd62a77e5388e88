"""`SVIGaussianMixture`: its three inferences, minibatches, weights, order and conversion."""

import pickle

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from sklearn.base import clone
from sklearn.mixture import GaussianMixture

from suite.data import load
from suite.errors import InputError
from suite.gmm import (
    EMGaussianMixture,
    MixtureParameters,
    MixturePrior,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.gmm.settling import MinibatchSettling, WholeSettling
from suite.progress import Progress
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

INFERENCES = ("mle", "map", "vb")


# Maximum a posteriori


@pytest.mark.parametrize("kind", TYPES)
def test_map_ends_where_the_log_posterior_is_flat(kind: str) -> None:
    start = random_mixture(0, 2, 2, kind)
    X = rows_from(start, 60)
    fitted = SVIGaussianMixture(
        2, covariance_type=kind, inference="map", initial=start, learning_rate=0.05, tol=1e-7
    ).fit(X)
    assert fitted.converged_
    end = MixtureParameters.from_estimator(fitted)

    def log_posterior(mixture: MixtureParameters) -> float:
        return (mixture.log_prob(X).sum() + fitted.prior_.log_density(mixture)) / len(X)

    assert fitted.lower_bound_ == pytest.approx(log_posterior(end), abs=1e-7)
    step = 1e-4
    for name in ("means", "covariances"):
        values = getattr(end, name)
        for sign in (-1, 1):
            changes = {"weights": end.weights, "means": end.means, "covariances": end.covariances}
            moved = MixtureParameters(
                **(changes | {name: values * (1 + sign * step)}), covariance_type=kind
            )
            # Flat: a relative 1e-4 changes it by less than its square times the curvature, which
            # per datum is below (|μ| / σ)² < 100.
            assert log_posterior(moved) - log_posterior(end) < 100 * step**2
    assert log_posterior(end) > log_posterior(start) + 1e-2


def test_map_with_a_strong_prior_is_the_prior() -> None:
    X = rows_from(random_mixture(0, 2, 2, "diag"), 50)
    prior = MixturePrior(
        mean_loc=[3.0, -3.0],
        mean_scale=[1e-4, 1e-4],
        log_scale_loc=[0.5, -0.5],
        log_scale_scale=1e-3,
        concentration=1e6,
    )
    start = MixtureParameters([0.4, 0.6], np.tile([3.1, -3.1], (2, 1)), np.ones((2, 2)), "diag")
    fitted = SVIGaussianMixture(
        2, covariance_type="diag", inference="map", prior=prior, initial=start, learning_rate=0.02
    ).fit(X)
    assert fitted.prior_ is prior
    # The data pull with N / s² ≲ 50 · 10 per unit against 10⁸ and 10⁶, and with N against 2 · 10⁶.
    np.testing.assert_allclose(fitted.means_, [[3.0, -3.0]] * 2, atol=1e-3)
    np.testing.assert_allclose(np.log(fitted.covariances_) / 2, [[0.5, -0.5]] * 2, atol=5e-3)
    np.testing.assert_allclose(fitted.weights_, 0.5, atol=1e-3)


def test_map_keeps_a_component_that_sits_on_one_row() -> None:
    X = np.vstack([rows_from(random_mixture(0, 1, 2, "full"), 40), [[15.0, 15.0]]])
    start = MixtureParameters([0.9, 0.1], [[0.0, 0.0], [15.0, 15.0]], [np.eye(2) * 4] * 2, "full")
    fitted = SVIGaussianMixture(
        2, inference="map", initial=start, learning_rate=0.1, reg_covar=0.0, tol=1e-5
    ).fit(X)
    assert fitted.converged_
    # One row gains 1 nat for each log unit by which a scale shrinks; the prior's ½ t² stops it at
    # one log unit below where it would be otherwise: far from collapse.
    assert np.linalg.eigvalsh(fitted.covariances_[1]).min() > 1e-2


# Variational Bayes


def test_vb_bound_of_one_component_is_just_below_the_evidence() -> None:
    n, n_features = 40, 2
    X = np.random.default_rng(0).normal([1.0, -2.0], 1.5, size=(n, n_features))
    fitted = SVIGaussianMixture(
        1,
        covariance_type="tied_spherical",
        inference="vb",
        learning_rate=0.05,
        tol=1e-8,
        n_particles=64,
        random_state=0,
    ).fit(X)
    assert fitted.converged_
    log_evidence = _log_evidence(X, fitted.prior_)
    bound = fitted.evidence_lower_bound(X, n_draws=4000, random_state=0)
    below = log_evidence - n * bound.mean
    error = 5 * n * bound.standard_error  # 5σ: one in 10⁶ by chance
    # To leading order q misses that the means spread with σ, KL = D Var(log σ) = 1 / 2n, and the
    # skewness γ of log σ, KL = γ² / 12 = 1 / (6 n D); twice that for the orders left out.
    expected = 1 / (2 * n) + 1 / (6 * n * n_features)
    assert -error < below < 2 * expected + error
    assert error < 0.05  # nats in total, so that this says something
    assert fitted.lower_bound_ == pytest.approx(bound.mean, abs=2e-3)


def _log_evidence(X: np.ndarray, prior: MixturePrior) -> float:
    """log ∫ p(log σ) Π_d ∫ p(μ_d) Π_n N(x_nd | μ_d, σ²) dμ dlog σ: one integral is left to do."""
    n, loc = len(X), prior.log_scale_loc.mean()

    def log_integrand(log_sigma: float) -> float:
        variance, total = np.exp(2 * log_sigma), 0.0
        for m, s, column in zip(prior.mean_loc, prior.mean_scale, X.T, strict=True):
            # Cov = σ² I + s² 11ᵀ: one eigenvalue σ² + n s² along 1, the others σ².
            along, centred = (column - m).sum() ** 2 / n, column - m
            across = (centred**2).sum() - along
            total -= 0.5 * (n * np.log(2 * np.pi) + (n - 1) * np.log(variance))
            total -= 0.5 * np.log(variance + n * s**2)
            total -= 0.5 * (across / variance + along / (variance + n * s**2))
        return total - 0.5 * ((log_sigma - loc) ** 2 + np.log(2 * np.pi))

    peak = max(map(log_integrand, np.linspace(-5, 5, 2001)))
    value, _ = quad(
        lambda t: np.exp(log_integrand(t) - peak), -5, 5, points=[0.0, 0.5], epsabs=1e-12
    )
    return float(np.log(value) + peak)


@pytest.mark.parametrize("kind", TYPES)
def test_vb_is_near_maximum_likelihood_where_the_data_speak(kind: str) -> None:
    truth = MixtureParameters(
        [0.4, 0.6],
        [[-4.0, 0.0], [4.0, 1.0]],
        {
            "full": [np.eye(2), [[2.0, 0.5], [0.5, 1.0]]],
            "tied": [[2.0, 0.5], [0.5, 1.0]],
            "diag": [[1.0, 2.0], [0.5, 1.0]],
            "spherical": [1.0, 2.0],
            "tied_diag": [1.0, 2.0],
            "tied_spherical": 1.5,
        }[kind],
        kind,
    )
    X = rows_from(truth, 400)
    options = {"covariance_type": kind, "initial": truth}
    vb = SVIGaussianMixture(2, inference="vb", learning_rate=0.05, **options).fit(X)
    em = EMGaussianMixture(2, tol=1e-9, max_iter=500, **options).fit(X)
    # A prior of the weight of one row moves a mean by about a standard error / √N_k: N_k ≥ 150.
    sd = np.sqrt(vb._parameters().full_covariances().diagonal(axis1=1, axis2=2))
    assert (np.abs(vb.means_ - em.means_) < sd / np.sqrt(150)).all()
    np.testing.assert_allclose(vb.weights_, em.weights_, atol=1 / np.sqrt(400))
    assert em.score(X) - 0.02 < vb.score(X) <= em.score(X) + 1e-9
    assert vb.lower_bound_ < vb.score(X)
    spread = vb.guide_.log_scale.detach().exp().numpy()[1:5]  # of the means, in units of σ
    counts = np.repeat(em.weights_ * 400, 2)
    # The posterior of a mean has σ / √N_k; a third covers start's units, draws and overlap.
    np.testing.assert_allclose(spread * np.sqrt(counts), 1.0, atol=1 / 3)


def test_vb_takes_weight_from_components_that_are_not_needed() -> None:
    truth = MixtureParameters(
        [0.4, 0.6], [[-4.0, 0.0], [4.0, 1.0]], [np.eye(2), [[2.0, 0.5], [0.5, 1.0]]], "full"
    )
    X = rows_from(truth, 300)
    vb, em = (
        fit.set_params(n_components=6, random_state=0).fit(X)
        for fit in (
            SVIGaussianMixture(inference="vb", learning_rate=0.05),
            EMGaussianMixture(max_iter=300),
        )
    )
    assert vb.converged_
    of_two_largest = {fit: np.sort(fit.weights_)[-2:].sum() for fit in (vb, em)}
    # Five parameters to a component and concentration 1 < 5/2: what is surplus empties (Rousseau
    # and Mengersen, 2011), if slowly at N = 300. Maximum likelihood shares the rows among all six.
    assert of_two_largest[vb] > 0.8
    assert of_two_largest[em] < 0.6


def test_vb_is_the_same_for_the_same_seed_and_pickles() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 50)
    first, again, other = (
        SVIGaussianMixture(2, inference="vb", random_state=seed, max_iter=20).fit(X)
        for seed in (0, 0, 1)
    )
    assert first.lower_bound_ == again.lower_bound_ != other.lower_bound_
    copied = pickle.loads(pickle.dumps(first))
    one, two = (fit.evidence_lower_bound(X, random_state=3) for fit in (first, copied))
    assert one == two
    np.testing.assert_array_equal(first.guide_proba(X), first.predict_proba(X))


# Weights


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("inference", INFERENCES)
def test_integer_weights_are_repeated_rows(inference: str, kind: str) -> None:
    start = random_mixture(0, 2, 2, kind)
    X = rows_from(start, 45)
    times = np.arange(45) % 4
    options = {
        "covariance_type": kind,
        "inference": inference,
        "initial": start,
        "max_iter": 15,
        "random_state": 0,
        "n_particles": 4,
    }
    weighted = SVIGaussianMixture(2, **options).fit(X, sample_weight=times)
    repeated = SVIGaussianMixture(2, **options).fit(np.repeat(X, times, axis=0))
    np.testing.assert_allclose(weighted.lower_bounds_, repeated.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-7, atol=1e-9)
    unweighted = SVIGaussianMixture(2, **options).fit(X)
    assert np.abs(unweighted.means_ - weighted.means_).max() > 1e-4
    assert "_given_weight" not in vars(weighted)


# Minibatches


@pytest.mark.parametrize("inference", INFERENCES)
def test_minibatches_reach_the_same_objective(inference: str) -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, covariance_type="spherical", random_state=0)
    options = {
        "covariance_type": "spherical",
        "inference": inference,
        "initial": start,
        "random_state": 0,
        "learning_rate": 0.02,
        "n_particles": 4,
    }
    whole = SVIGaussianMixture(2, **options).fit(X)
    parts = SVIGaussianMixture(2, batch_size=52, **options).fit(X)
    assert parts.converged_
    assert parts.lower_bound_ == pytest.approx(whole.lower_bound_, abs=0.01)  # the promise
    assert parts.score(X) == pytest.approx(whole.score(X), abs=0.01)
    assert parts.n_iter_ < 400


def test_a_batch_of_all_rows_is_no_batch() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 30)
    options = {"random_state": 0, "max_iter": 5}
    whole = SVIGaussianMixture(2, **options).fit(X)
    same = SVIGaussianMixture(2, batch_size=30, **options).fit(X)
    np.testing.assert_array_equal(whole.means_, same.means_)


def test_an_amortised_guide_learns_from_minibatches() -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, random_state=0)
    fitted = SVIGaussianMixture(
        2,
        initial=start,
        posterior="amortised",
        guide_hidden_dims=(4,),
        batch_size=31,
        max_iter=40,
        random_state=0,
    ).fit(X)
    reached = EMGaussianMixture(2, initial=start, tol=1e-9, max_iter=1000).fit(X).score(X)
    assert reached - 0.05 < fitted.lower_bound_ < reached


def test_rules_halve_and_stop_as_stated() -> None:
    parts = MinibatchSettling(1e-3)
    # The first pass gains; then each fifth without a gain halves, and the seventh of these ends it.
    asked = [parts.note(-1.0) for _ in range(36)]
    assert [i for i, halved in enumerate(asked) if halved] == [5, 10, 15, 20, 25, 30, 35]
    assert parts.converged
    parts = MinibatchSettling(1e-3)
    assert not any(parts.note(-1.0 / (i + 1)) for i in range(25))
    held = MinibatchSettling(1e-3, held=10)
    assert not any(held.note(-1.0) for _ in range(15))
    whole = WholeSettling(1e-3)
    zigzag = [whole.note(-1.0 + 0.1 * (i % 2)) for i in range(50)]
    assert [i for i, halved in enumerate(zigzag) if halved] == [24, 49]
    assert not whole.converged


# Order and conversion


@pytest.mark.parametrize("inference", INFERENCES)
def test_order_is_canonical_unless_a_start_gives_it(inference: str) -> None:
    truth = random_mixture(0, 3, 2, "full")
    X = rows_from(truth, 90)
    start = truth.permuted(np.argsort(-truth.means[:, 0]))
    options = {"inference": inference, "max_iter": 10, "random_state": 0}
    as_given = SVIGaussianMixture(3, initial=start, **options).fit(X)
    sorted_ = SVIGaussianMixture(3, initial=start, order="canonical", **options).fit(X)
    assert (np.diff(as_given.means_[:, 0]) < 0).all()
    np.testing.assert_array_equal(sorted_.means_, as_given.means_[::-1])
    np.testing.assert_array_equal(sorted_.covariances_, as_given.covariances_[::-1])
    own = SVIGaussianMixture(3, **options).fit(X)
    assert (np.diff(own.means_[:, 0]) > 0).all()
    left = SVIGaussianMixture(3, order="start", **options).fit(X)
    assert sorted(left.means_[:, 0]) == own.means_[:, 0].tolist()


def test_an_amortised_guide_is_put_in_order_too() -> None:
    truth = random_mixture(0, 3, 2, "full")
    X = rows_from(truth, 60)
    start = truth.permuted(np.argsort(-truth.means[:, 0]))
    options = {"posterior": "amortised", "initial": start, "max_iter": 5, "random_state": 0}
    as_given = SVIGaussianMixture(3, **options).fit(X)
    in_order = SVIGaussianMixture(3, order="canonical", **options).fit(X)
    np.testing.assert_allclose(
        in_order.guide_proba(X), as_given.guide_proba(X)[:, ::-1], rtol=1e-12
    )


@pytest.mark.parametrize("inference", INFERENCES)
def test_converts_to_scikit_learn_and_back(inference: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 60)
    fitted = SVIGaussianMixture(2, inference=inference, max_iter=20, random_state=0).fit(X)
    theirs = fitted.to_sklearn()
    assert type(theirs) is GaussianMixture
    np.testing.assert_allclose(theirs.score_samples(X), fitted.score_samples(X), rtol=1e-10)
    back = SVIGaussianMixture.from_sklearn(theirs)
    np.testing.assert_allclose(back.score_samples(X), fitted.score_samples(X), rtol=1e-10)
    assert back.guide_ is None
    assert back.prior_ is None


# Equivariance


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("inference", INFERENCES)
def test_the_way_does_not_depend_on_units_and_origin(inference: str, kind: str) -> None:
    start = random_mixture(0, 2, 2, kind)
    X = rows_from(start, 40)
    units = np.array([8.0, 8.0] if "spherical" in kind else [32.0, 0.25])  # exact in binary
    factor = {
        "full": np.outer(units, units),
        "tied": np.outer(units, units),
        "diag": units**2,
        "tied_diag": units**2,
    }.get(kind, 64.0)
    offset = np.array([3.0, -1.0])
    there = MixtureParameters(
        start.weights, start.means * units + offset, start.covariances * factor, kind
    )
    options = {
        "covariance_type": kind,
        "inference": inference,
        "reg_covar": 0.0,
        "max_iter": 12,
        "n_particles": 4,
        "random_state": 0,
    }
    one = SVIGaussianMixture(2, initial=start, **options).fit(X)
    other = SVIGaussianMixture(2, initial=there, **options).fit(X * units + offset)
    np.testing.assert_allclose(other.means_, one.means_ * units + offset, rtol=1e-9)
    np.testing.assert_allclose(other.covariances_, one.covariances_ * factor, rtol=1e-9)
    shift = np.subtract(one.lower_bounds_, other.lower_bounds_)
    # Each datum's density is divided by the units; for a posterior so are those of all parameters.
    per_datum = np.log(units).sum()
    if inference == "map":
        n_scales = {"spherical": 1.0, "tied_diag": 1.0, "tied": 1.0, "tied_spherical": 0.5}
        per_datum *= 1 + (2 + n_scales.get(kind, 2.0)) / len(X)
    np.testing.assert_allclose(shift, per_datum, rtol=1e-9)


@pytest.mark.parametrize("kind", TYPES)
def test_the_way_does_not_depend_on_the_order_of_components(kind: str) -> None:
    start = random_mixture(0, 3, 2, kind)
    X, order = rows_from(start, 40), [2, 0, 1]
    options = {"covariance_type": kind, "max_iter": 12}
    one = SVIGaussianMixture(3, initial=start, **options).fit(X)
    other = SVIGaussianMixture(3, initial=start.permuted(order), **options).fit(X)
    np.testing.assert_allclose(other.lower_bounds_, one.lower_bounds_, rtol=1e-12)
    np.testing.assert_allclose(other.means_, one.means_[order], rtol=1e-9)
    np.testing.assert_allclose(other.weights_, one.weights_[order], rtol=1e-9)


# The rest of the contract


@pytest.mark.parametrize("inference", ["map", "vb"])
def test_callback_is_told_the_objective_and_can_stop(inference: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 40)
    seen: list[Progress] = []

    def note(progress: Progress) -> bool:
        seen.append(progress)
        return progress.step == 4

    start = initial_parameters(X, 2, random_state=0)
    fitted = SVIGaussianMixture(2, inference=inference, initial=start).fit(X, callback=note)
    assert [progress.objective for progress in seen] == fitted.lower_bounds_
    assert fitted.n_iter_ == 4
    assert not fitted.converged_
    np.testing.assert_array_equal(seen[-1].state().parameters.means, fitted.means_)
    assert clone(fitted).get_params().keys() == fitted.get_params().keys()


def test_globals_are_left_alone_by_every_inference() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 30)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), np.random.get_state()[2]
    for inference in INFERENCES:
        for batch_size in (None, 10):
            SVIGaussianMixture(
                2, inference=inference, batch_size=batch_size, max_iter=2, random_state=0
            ).fit(X)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
    assert before[2] == np.random.get_state()[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inference": "mcmc"}, "inference"),
        ({"inference": "vb", "posterior": "amortised"}, "goes with inference='mle'"),
        ({"prior": MixturePrior.for_data([[0.0, 0.0]], 2)}, "maximum likelihood has no prior"),
        ({"inference": "map", "weight_concentration": 0.5}, "weight_concentration"),
        ({"inference": "vb", "n_particles": 3}, "n_particles must be even"),
        ({"batch_size": 0}, "batch_size"),
        ({"order": "sorted"}, "order"),
        (
            {"inference": "map", "prior": MixturePrior.for_data([[0.0]], 2)},
            "prior is for 1 features",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict, message: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 20)
    with pytest.raises(InputError, match=message):
        SVIGaussianMixture(2, random_state=0, **options).fit(X)


def test_weights_and_evidence_are_refused_where_they_have_no_meaning() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 20)
    with pytest.raises(InputError, match="takes no sample_weight"):
        SVIGaussianMixture(2, posterior="amortised").fit(X, sample_weight=np.ones(20))
    fitted = SVIGaussianMixture(2, max_iter=2, random_state=0).fit(X)
    with pytest.raises(InputError, match="only inference='vb' bounds the evidence"):
        fitted.evidence_lower_bound(X)
