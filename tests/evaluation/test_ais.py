import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from suite.errors import InputError
from suite.evaluation import (
    Annealing,
    ais_log_likelihood,
    bidirectional_check,
    linear_gaussian_log_likelihood,
)
from tests.evaluation.toys import drawn, linear_networks, oblique_model, orthogonal_model
from tests.vae.toys import bits, grey, quantile, tiny_networks

MODEL = oblique_model(variance=1.5)


def assert_unbiased(log_ratio: np.ndarray, resolution=0.02) -> None:
    """That the mean of exp(log_ratio) is 1 within its own standard error, which is small."""
    ratio = np.exp(log_ratio).ravel()
    error = ratio.std(ddof=1) / np.sqrt(len(ratio))
    assert error < resolution  # else the test could not fail
    assert abs(ratio.mean() - 1) < quantile(1) * error


@pytest.mark.parametrize("base", ["prior", "encoder"])
def test_weights_have_the_mean_of_the_exact_likelihood(base):
    X = drawn(MODEL, 40)
    plan = Annealing(n_chains=100, n_temperatures=80, n_leapfrog=5, base=base)
    found = ais_log_likelihood(linear_networks(MODEL), X, annealing=plan)
    truth = linear_gaussian_log_likelihood(X, MODEL)
    assert found.log_weights.shape == (40, 100)
    log_ratio = found.log_weights - truth[:, None]
    assert_unbiased(log_ratio)
    # By Jensen's inequality each weight's logarithm is below on average, and visibly so.
    error = log_ratio.std(ddof=1) / np.sqrt(log_ratio.size)
    assert log_ratio.mean() < -quantile(1) * error
    assert abs(found.mean_log_likelihood - truth.mean()) < quantile(1) * found.monte_carlo_error
    assert 0.5 < found.acceptance.mean() < 0.8


def test_a_decoder_that_is_not_linear_against_quadrature():
    networks, X = tiny_networks(12, 1), bits(30)
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    with torch.no_grad():
        under_p = networks.log_likelihood(
            torch.from_numpy(X)[:, None], torch.from_numpy(nodes)[:, None].expand(30, 120, 1)
        )
    truth = logsumexp(under_p.numpy(), b=weights / weights.sum(), axis=1)
    plan = Annealing(n_chains=150, n_temperatures=25, n_leapfrog=4)
    found = ais_log_likelihood(networks, X, annealing=plan)
    assert_unbiased(found.log_weights - truth[:, None])


def test_one_temperature_is_importance_sampling_from_the_base():
    """Without a transition the weights are p(x | z) for z ~ p(z), whose mean is p(x)."""
    model = oblique_model(d=2, j=2, variance=2.0)
    X = drawn(model, 20)
    for base in ("prior", "encoder"):
        plan = Annealing(n_chains=4000, n_temperatures=1, base=base)
        found = ais_log_likelihood(linear_networks(model), X, annealing=plan)
        assert_unbiased(found.log_weights - linear_gaussian_log_likelihood(X, model)[:, None])
        assert np.isnan(found.acceptance).all()


@pytest.mark.parametrize("schedule", ["sigmoid", "linear"])
def test_from_the_exact_posterior_every_weight_is_the_likelihood(schedule):
    model = orthogonal_model()
    X = drawn(model, 5)
    plan = Annealing(n_chains=3, n_temperatures=7, base="encoder", schedule=schedule)
    found = ais_log_likelihood(linear_networks(model), X, annealing=plan)
    truth = linear_gaussian_log_likelihood(X, model)
    np.testing.assert_allclose(found.log_weights, np.tile(truth, (3, 1)).T, rtol=1e-10)
    np.testing.assert_allclose(found.effective_sample_size, 3, rtol=1e-9)
    assert found.monte_carlo_error < 1e-6


def test_more_temperatures_bring_it_closer():
    X = drawn(MODEL, 60)
    truth = linear_gaussian_log_likelihood(X, MODEL)
    shortfalls = []
    for n_temperatures in (5, 20, 80):
        plan = Annealing(n_chains=20, n_temperatures=n_temperatures, n_leapfrog=5)
        found = ais_log_likelihood(linear_networks(MODEL), X, annealing=plan)
        shortfalls.append((truth[:, None] - found.log_weights).mean())
    assert shortfalls[0] > 2 * shortfalls[1] > 4 * shortfalls[2] > 0


def test_the_two_directions_enclose_the_likelihood():
    plan = Annealing(n_chains=4, n_temperatures=8, n_leapfrog=5)
    found = bidirectional_check(linear_networks(MODEL), 400, annealing=plan)
    truth = linear_gaussian_log_likelihood(found.X, MODEL)
    for shortfall in (truth - found.lower, found.upper - truth):
        error = shortfall.std(ddof=1) / np.sqrt(400)
        assert shortfall.mean() > quantile(1) * error
    assert found.mean_gap == (found.upper - found.lower).mean()
    assert found.mean_gap > quantile(1) * found.standard_error
    # The data are the model's: their log p(x) has its entropy as the mean.
    D = MODEL.W.shape[0]
    covariance = MODEL.W @ MODEL.W.T + MODEL.variance * np.eye(D)
    entropy = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * covariance)[1]
    assert abs(truth.mean() + entropy) < quantile(1) * np.sqrt(D / 2 / 400)


def test_backward_weights_have_the_mean_of_one_over_the_likelihood():
    plan = Annealing(n_chains=1, n_temperatures=40, n_leapfrog=5)
    found = bidirectional_check(linear_networks(MODEL), 800, annealing=plan)
    truth = linear_gaussian_log_likelihood(found.X, MODEL)
    assert_unbiased(truth - found.upper, 0.08)
    assert_unbiased(found.lower - truth, 0.08)


def test_the_gap_closes_where_annealing_is_exact():
    model = orthogonal_model()
    plan = Annealing(n_chains=2, n_temperatures=5, base="encoder")
    found = bidirectional_check(linear_networks(model), 10, annealing=plan)
    np.testing.assert_allclose(found.lower, linear_gaussian_log_likelihood(found.X, model))
    np.testing.assert_allclose(found.upper, found.lower, rtol=1e-10)


def test_float32_networks_give_the_same_likelihood():
    X = drawn(MODEL, 20)
    plan = Annealing(n_chains=100, n_temperatures=80, n_leapfrog=5)
    found = ais_log_likelihood(linear_networks(MODEL, dtype=torch.float32), X, annealing=plan)
    assert found.log_weights.dtype == np.float64
    assert_unbiased(found.log_weights - linear_gaussian_log_likelihood(X, MODEL)[:, None])


def test_batches_change_nothing_and_nothing_global_changes():
    networks, X = tiny_networks(), bits(7)
    plan = Annealing(n_chains=3, n_temperatures=6, n_leapfrog=3)
    before = torch.get_rng_state()
    whole, part, other = (
        ais_log_likelihood(networks, X, annealing=plan, batch_size=b, random_state=r)
        for b, r in ((4096, 0), (7, 0), (4096, 1))
    )
    np.testing.assert_allclose(part.log_weights, whole.log_weights, rtol=1e-10)
    assert (other.log_weights != whole.log_weights).all()
    ends = [bidirectional_check(networks, 7, annealing=plan, batch_size=b) for b in (4096, 4)]
    np.testing.assert_allclose(ends[0].upper, ends[1].upper, rtol=1e-10)
    assert torch.equal(before, torch.get_rng_state())
    assert all(p.grad is None for p in networks.parameters())


def test_no_more_than_batch_size_pairs_are_decoded():
    networks, decoded = tiny_networks(), []
    networks.decoder.register_forward_hook(lambda m, a, out: decoded.append(a[0].numel() // 3))
    plan = Annealing(n_chains=10, n_temperatures=3, n_leapfrog=2)
    ais_log_likelihood(networks, bits(9), annealing=plan, batch_size=40)
    assert max(decoded) == 40


def test_summaries():
    plan = Annealing(n_chains=6, n_temperatures=5, n_leapfrog=2)
    found = ais_log_likelihood(tiny_networks(), bits(8), annealing=plan)
    w = np.exp(found.log_weights)
    np.testing.assert_allclose(found.log_likelihood, np.log(w.mean(1)), rtol=1e-12)
    np.testing.assert_allclose(found.variance, w.var(1, ddof=1) / 6 / w.mean(1) ** 2, rtol=1e-9)
    np.testing.assert_allclose(found.effective_sample_size, w.sum(1) ** 2 / (w**2).sum(1))
    assert found.mean_log_likelihood == found.log_likelihood.mean()
    np.testing.assert_allclose(found.standard_error, found.log_likelihood.std(ddof=1) / np.sqrt(8))
    np.testing.assert_allclose(found.monte_carlo_error, np.sqrt(found.variance.sum()) / 8)
    assert (found.annealing, found.likelihood, found.is_density) == (plan, "bernoulli", True)


def test_what_cannot_be_annealed_is_refused():
    for wrong, message in (
        ({"n_chains": 0}, "n_chains must be at least 1, got 0"),
        ({"base": "posterior"}, "base must be 'prior' or 'encoder', got 'posterior'"),
        ({"schedule": "cosine"}, "schedule must be"),
    ):
        with pytest.raises(InputError, match=message):
            Annealing(**wrong)
    with pytest.raises(InputError, match="binarise"):
        ais_log_likelihood(tiny_networks(), grey())
    with pytest.raises(InputError, match="batch_size must be at least 1"):
        ais_log_likelihood(tiny_networks(), bits(), batch_size=0)
    with pytest.raises(InputError, match="n_data must be at least 1"):
        bidirectional_check(tiny_networks(), 0)
    with pytest.raises(InputError, match="simulated from a density"):
        bidirectional_check(tiny_networks(likelihood="bernoulli-grey"))
    autoencoder = tiny_networks()
    autoencoder.variational = False
    for score in (ais_log_likelihood, lambda networks, _: bidirectional_check(networks)):
        with pytest.raises(InputError, match="plain autoencoder"):
            score(autoencoder, bits())
