"""`SVIGaussianMixture`: where maximum a posteriori and variational Bayes lead."""

import pickle

import numpy as np
import pytest
from scipy.integrate import quad

from suite.gmm import (
    EMGaussianMixture,
    MixtureParameters,
    MixturePrior,
    SVIGaussianMixture,
)
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
