"""The tour's measurements: every line holds, and none does once its formula is spoilt."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from studies.tour import derivation, em_steps, linear, losses
from studies.tour.bounds import bound, divergence
from studies.tour.checks import Check, at_most, equal, equal_on_average
from studies.tour.quadrature import grid_of, mean_log_likelihood, nodes_of
from studies.tour.settings import TourSettings
from studies.tour.store import TourResults
from suite.data import load
from suite.gmm import EMGaussianMixture, MixtureParameters
from suite.random import torch_generator
from suite.vae import VAENetworks, build_networks
from tests.studies.tour.conftest import SMALL

IMAGES = load("mnist", bundled=True, bits="redrawn").test[:3]
QUICK = replace(SMALL, images=3, grid_step=0.1, nodes=12, draws=200)


@pytest.fixture
def networks() -> VAENetworks:
    """Untrained ones, whose code is made to matter: the identities hold for any weights."""
    built = build_networks(
        784,
        2,
        hidden_dims=(8,),
        activation="tanh",
        generator=torch_generator(0),
        dtype=torch.float64,
    )
    with torch.no_grad():
        built.encoder.log_scale.bias.fill_(0.2)
    return built


def failing(checks: tuple[Check, ...]) -> set[str]:
    return {check.name for check in checks if not check.holds}


def derived(networks: VAENetworks, settings: TourSettings = QUICK) -> tuple[Check, ...]:
    return derivation.measure_derivation(networks, IMAGES, settings).checks


def test_every_line_of_the_small_tour_holds(measured: TourResults) -> None:
    assert failing(tuple(measured.checks.values())) == set()
    assert len(measured.checks) >= 27


def test_the_tour_is_measured_the_same_again(measured: TourResults) -> None:
    again = em_steps.measure_em(SMALL)
    for name, array in again.arrays.items():
        assert np.array_equal(array, measured.arrays[name], equal_nan=True)


def test_lines_hold_for_any_weights(networks: VAENetworks) -> None:
    assert failing(derived(networks)) == set()


@pytest.mark.parametrize(
    ("planted", "caught"),
    [
        (lambda loc, scale: 2 * _kl(loc, scale), {"kl", "identity", "split"}),
        (lambda loc, scale: _kl(loc, scale) + 0.01, {"kl", "identity", "split"}),
        # The variance's logarithm forgotten.
        (lambda loc, scale: 0.5 * (loc**2 + scale**2 - 1).sum(-1), {"kl", "identity", "split"}),
    ],
)
def test_a_wrong_divergence_is_caught(monkeypatch, networks, planted, caught) -> None:
    monkeypatch.setattr(derivation, "closed_form_kl", planted)
    assert failing(derived(networks)) >= caught


def test_a_wrong_divergence_in_the_code_is_caught(monkeypatch, networks) -> None:
    doubled = derivation.kl_from_prior
    monkeypatch.setattr(derivation, "kl_from_prior", lambda m, s: 2 * doubled(m, s))
    assert failing(derived(networks)) == {"kl", "kl-sampled"}


def test_a_wrong_likelihood_is_caught(monkeypatch, networks) -> None:
    true = VAENetworks.log_likelihood
    monkeypatch.setattr(VAENetworks, "log_likelihood", lambda s, x, z: 0.999 * true(s, x, z))
    assert "bernoulli" in failing(derived(networks))


def test_weights_that_are_off_are_caught(monkeypatch, networks) -> None:
    true = derivation.log_weights
    monkeypatch.setattr(derivation, "log_weights", lambda *given: true(*given) + 0.5)
    assert failing(derived(networks)) == {"importance"}


def test_a_gradient_that_forgets_the_noise_is_caught(monkeypatch, networks) -> None:
    true = derivation._Lines._through

    def forgetful(self, nodes):
        loc, scale = true(self, nodes)
        return [loc, 0.9 * scale]

    monkeypatch.setattr(derivation._Lines, "_through", forgetful)
    assert failing(derived(networks)) == {"reparameterisation-scale"}


def test_the_loss_is_held_against_numpy_pyro_and_the_bound(monkeypatch, networks) -> None:
    elbo = derivation.measure_derivation(networks, IMAGES, QUICK).values["elbo"]
    assert failing(losses.loss_checks(networks, IMAGES, elbo, QUICK)) == set()
    assert failing(losses.loss_checks(networks, IMAGES, elbo + 1.0, QUICK)) == {"loss-average"}
    true = losses.negative_elbo
    monkeypatch.setattr(losses, "negative_elbo", lambda *given: true(*given, kl_weight=2.0))
    found = failing(losses.loss_checks(networks, IMAGES, elbo, QUICK))
    assert found >= {"loss", "loss-pyro", "gradient-pyro"}
    # The mean of draws sees only what exceeds its error.
    monkeypatch.setattr(losses, "negative_elbo", lambda *given: true(*given, kl_weight=100.0))
    found = failing(losses.loss_checks(networks, IMAGES, elbo, QUICK))
    assert found == {"loss", "loss-pyro", "gradient-pyro", "loss-average"}


def test_the_linear_model_is_exact_and_a_wrong_bound_is_caught(monkeypatch) -> None:
    assert failing(linear.measure_linear(SMALL).checks) == set()
    true = linear.linear_elbo
    monkeypatch.setattr(linear, "linear_elbo", lambda *given: true(*given) + 1e-6)
    assert failing(linear.measure_linear(SMALL).checks) == {"linear-identity"}
    monkeypatch.setattr(linear, "linear_elbo", lambda *given: true(*given) + 1000.0)
    assert failing(linear.measure_linear(SMALL).checks) == {"linear-identity", "linear-below"}


def test_the_linear_networks_are_the_model() -> None:
    model = linear.probabilistic_pca(load("mnist", bundled=True).train[:200], 2)
    networks = linear.as_networks(model, np.array([0.5, 0.25]))
    z = torch.tensor([[0.3, -1.0]], dtype=torch.float64)
    loc, log_scale = networks.decode(z)
    np.testing.assert_allclose(loc[0].detach(), model.W @ z[0].numpy() + model.b, rtol=1e-12)
    assert float(log_scale.detach().exp() ** 2) == pytest.approx(model.variance, rel=1e-12)
    assert networks.encode(torch.zeros(1, 784, dtype=torch.float64))[1].tolist() == [[0.5, 0.25]]


def test_quadrature_of_a_known_integral() -> None:
    """With one logit that does not depend on z, log p(x) and every mean are its own value."""
    networks = build_networks(
        1, 2, hidden_dims=(), generator=torch_generator(0), dtype=torch.float64
    )
    with torch.no_grad():
        networks.decoder.output.weight.zero_()
        networks.decoder.output.bias.fill_(0.7)
    x = torch.ones(1, 1, dtype=torch.float64)
    exact = -np.log1p(np.exp(-0.7))
    grid = grid_of(networks, x, step=0.1, reach=8.0)
    assert grid.log_marginal()[0] == pytest.approx(exact, abs=1e-12)
    loc = torch.zeros(1, 2, dtype=torch.float64)
    found = mean_log_likelihood(networks, x, loc, loc + 1, nodes_of(8))
    assert float(found) == pytest.approx(exact, abs=1e-12)


def test_em_path_is_that_of_the_estimator_and_its_bound_is_right() -> None:
    X = load("faithful", test_size=0.0).train.astype(np.float64)
    start = em_steps.bad_start(X)
    path = em_steps.em_path(X, start)
    with pytest.warns(Warning, match="converge"):
        three = EMGaussianMixture(2, initial=start, max_iter=3, reg_covar=0.0, tol=0.0).fit(X)
    np.testing.assert_allclose(path[3].means, three.means_, rtol=1e-12)
    assert path[0] is start
    # The bound of two points by hand: Σ_k q_k (log π_k N − log q_k).
    theta = MixtureParameters(
        np.array([0.25, 0.75]), np.array([[0.0], [1.0]]), np.array(1.0), "tied_spherical"
    )
    q = np.array([[0.5, 0.5], [1.0, 0.0]])
    x = np.array([[0.0], [2.0]])
    log_normal = -0.5 * np.log(2 * np.pi) - 0.5 * (x - np.array([[0.0, 1.0]])) ** 2
    first = 0.5 * (np.log(0.25) + log_normal[0, 0] + np.log(0.75) + log_normal[0, 1]) + np.log(2)
    second = np.log(0.25) + log_normal[1, 0]
    np.testing.assert_allclose(bound(x, q, theta), [first, second], rtol=1e-14)
    np.testing.assert_allclose(bound(x, q, theta) + divergence(x, q, theta), theta.log_prob(x))


@pytest.mark.parametrize("planted", [0.9, 1.1])
def test_a_wrong_bound_of_a_mixture_is_caught(monkeypatch, planted) -> None:
    """Scaled up it lies above the log-likelihood (which is negative), scaled down below it."""
    true = em_steps.bound
    monkeypatch.setattr(em_steps, "bound", lambda *given: planted * true(*given))
    found = failing(em_steps.measure_em(SMALL).checks)
    assert found >= {"em-touches", "bound-gap", "identity-random", "identity-posterior"}
    assert ({"bound-below", "one-below"} <= found) == (planted < 1)


def test_the_bound_touches_where_it_was_made_and_is_below_elsewhere(measured) -> None:
    for _, log_p, bounds, gaps in _lines(measured):
        assert (bounds <= log_p + 1e-12).all()
        assert gaps.min() == pytest.approx(0.0, abs=1e-14)
    for place, log_p, bounds, _ in _lines(measured):
        touch, step = (int(np.flatnonzero(place == a)[0]) for a in (0.0, 1.0))
        assert log_p[touch] == pytest.approx(bounds[touch], abs=1e-13)
        assert bounds.argmax() == step
        assert (log_p - bounds)[[0, -1]].min() > 1e-3
    one = measured.arrays
    tops = one["one_grid"][one["one_bounds"].argmax(1)]
    width = one["one_grid"][1] - one["one_grid"][0]
    assert np.abs(tops - one["one_visited"][1:]).max() <= width / 2 + 1e-9


def test_the_verdict_of_a_check() -> None:
    check = equal("a", np.array([1.0]), np.array([1.0 + 1e-9]), terms=1, data="one")
    assert not check.holds
    assert replace(check, tolerance=1e-8).holds
    assert not replace(check, difference=float("nan")).holds
    below = {"tolerance": 0.0, "why": "none", "data": "two"}
    assert at_most("b", np.array([0.0, 1.0]), np.array([1.0, 1.0]), **below).holds
    assert not at_most("b", np.array([0.0, 1.1]), np.array([1.0, 1.0]), **below).holds
    draws = np.random.default_rng(0).standard_normal((1000, 3))
    assert equal_on_average("c", np.zeros(3), draws, data="").holds
    assert not equal_on_average("c", np.full(3, 0.2), draws, data="").holds


def _lines(measured: TourResults) -> list[np.ndarray]:
    return [line[:, ~np.isnan(line[0])] for line in measured.arrays["step_lines"]]


def _kl(loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale)).sum(-1)
