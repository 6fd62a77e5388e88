from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.decomposition import PCA

from suite.errors import InputError
from suite.evaluation import evaluate_vae, log_weights, reconstruction_error
from suite.random import torch_generator
from suite.vae import Autoencoder, TorchVAE, VAENetworks
from tests.evaluation.toys import density, drawn, linear_networks, orthogonal_model
from tests.vae.toys import bits, grey, quantile, suitable, tiny_networks


def principal_networks(wrong=0.0) -> tuple[VAENetworks, np.ndarray, Any]:
    """A linear-Gaussian VAE with its exact posterior as encoder, data, and their density."""
    model = orthogonal_model()
    return linear_networks(model, wrong=wrong), drawn(model), density(model)


def test_an_exact_posterior_makes_every_weight_the_likelihood():
    networks, X, density = principal_networks()
    log_w = log_weights(networks, X, 7, torch_generator(0)).numpy()
    assert log_w.shape == (7, 200)
    np.testing.assert_allclose(log_w, np.tile(density.logpdf(X), (7, 1)), rtol=1e-10)


def test_an_exact_posterior_closes_the_gap():
    networks, X, density = principal_networks()
    found = evaluate_vae(networks, X, n_samples=50)
    np.testing.assert_allclose(found.log_likelihood, density.logpdf(X), rtol=1e-10)
    np.testing.assert_allclose(found.effective_sample_size, 50, rtol=1e-9)
    error = np.sqrt(found.distortion_variance)
    assert (np.abs(found.elbo - density.logpdf(X)) <= quantile(200) * error).all()
    assert abs(found.mean_gap) <= quantile(1) * found.elbo_monte_carlo_error


@pytest.mark.parametrize("wrong", [0.2, 0.5])
def test_a_wrong_posterior_leaves_the_bounds_below_the_likelihood(wrong):
    networks, X, density = principal_networks(wrong)
    exact = density.logpdf(X).mean()
    found = evaluate_vae(networks, X, n_samples=200)
    assert found.mean_elbo < exact - quantile(1) * found.elbo_monte_carlo_error
    assert found.mean_log_likelihood <= exact + quantile(1) * found.monte_carlo_error
    assert found.mean_elbo < found.mean_log_likelihood
    # KL(N(μ + δ, s² e^{2δ}) ‖ N(μ, s²)) summed over two dimensions is the gap.
    s = networks.state_dict()["encoder.log_scale.bias"].numpy() - wrong
    gap = (0.5 * (wrong**2 / np.exp(2 * s) + np.exp(2 * wrong) - 1) - wrong).sum()
    error = quantile(1) * found.elbo_monte_carlo_error
    assert abs(exact - found.mean_elbo - gap) <= error


def test_a_trained_linear_model_reaches_the_best_there_is():
    """The best bound of a linear-Gaussian VAE is probabilistic PCA's maximum likelihood.

    Tipping and Bishop 1999 give that maximum in closed form; Lucas et al. 2019 show that the bound
    adds no local maximum to those of the likelihood.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 5)) + 0.5 * rng.normal(size=(400, 5))
    best, worst = PCA(2).fit(X).score(X), PCA(0).fit(X).score(X)
    vae = TorchVAE(
        2, hidden_dims=(), likelihood="gaussian", batch_size=200, max_epochs=300,
        learning_rate=0.01, random_state=0, dtype="float64",
    ).fit(X)  # fmt: skip
    found = evaluate_vae(vae.networks_, X, n_samples=500)
    allowed = 0.01 * (best - worst)
    assert best - allowed < found.mean_elbo <= best + quantile(1) * found.elbo_monte_carlo_error
    assert best - allowed < found.mean_log_likelihood
    assert found.mean_log_likelihood <= best + quantile(1) * found.monte_carlo_error


def test_one_latent_dimension_against_quadrature():
    networks = tiny_networks(12, 1)
    with torch.no_grad():  # q wider than the prior, so that the weights are bounded
        networks.encoder.loc.weight.mul_(0.1)
        networks.encoder.log_scale.weight.zero_()
        networks.encoder.log_scale.bias.fill_(0.2)
    X = torch.from_numpy(bits(20))
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    nodes, weights = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
    with torch.no_grad():
        loc, scale = networks.encode(X)
        under_q = networks.log_likelihood(X[:, None], (loc + scale * nodes)[..., None])
        under_p = networks.log_likelihood(X[:, None], nodes[:, None].expand(20, 120, 1))
    distortion = -(under_q @ weights).numpy()
    log_likelihood = logsumexp(under_p.numpy(), b=weights.numpy(), axis=1)
    found = evaluate_vae(networks, X, n_samples=2000)
    error = quantile(20) * np.sqrt(found.distortion_variance)
    assert (np.abs(found.distortion - distortion) <= error).all()
    # The bound's bias is half its variance to first order, far inside the Monte Carlo error.
    error = quantile(20) * np.sqrt(found.log_likelihood_variance)
    bias = found.log_likelihood_variance
    assert (np.abs(found.log_likelihood - log_likelihood) <= error + bias).all()
    assert (found.elbo <= log_likelihood + quantile(20) * np.sqrt(found.distortion_variance)).all()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_everything_follows_from_the_log_weights(likelihood):
    networks = tiny_networks(likelihood=likelihood)
    X = suitable(likelihood)
    S = 400
    found = evaluate_vae(networks, X, n_samples=S, random_state=3)
    log_w = log_weights(networks, X, S, torch_generator(3)).numpy()
    w = np.exp(log_w - log_w.max(0))
    np.testing.assert_allclose(found.log_likelihood, np.log(w.mean(0)) + log_w.max(0), rtol=1e-12)
    variance = w.var(0, ddof=1) / S / w.mean(0) ** 2
    np.testing.assert_allclose(found.log_likelihood_variance, variance, rtol=1e-9)
    effective = w.sum(0) ** 2 / (w**2).sum(0)
    np.testing.assert_allclose(found.effective_sample_size, effective, rtol=1e-9)
    # Both have the bound as their expectation; the log weights' spread bounds the difference's.
    error = log_w.std(0) / np.sqrt(S) + np.sqrt(found.distortion_variance)
    assert (np.abs(log_w.mean(0) - found.elbo) <= quantile(len(X)) * error).all()
    np.testing.assert_array_equal(found.elbo, -found.distortion - found.rate)
    assert (found.log_likelihood >= log_w.mean(0)).all()


def test_weights_by_hand():
    networks = tiny_networks()
    X = torch.from_numpy(bits(4))
    generator = torch_generator(0)
    found = log_weights(networks, X, 5, torch_generator(0))
    for n in range(4):
        epsilon = torch.randn((5, 3), generator=generator, dtype=torch.float64)
        with torch.no_grad():
            loc, scale = networks.encode(X[n])
            z = loc + scale * epsilon
            p_x = networks.likelihood.distribution(networks.decode(z)).log_prob(X[n])
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
        q = torch.distributions.Normal(loc, scale).log_prob(z).sum(1)
        torch.testing.assert_close(found[:, n], p_x + prior - q, rtol=1e-12, atol=0)


def test_the_bound_rises_with_the_number_of_samples():
    networks = tiny_networks()
    X = bits()
    # Of nested groups of the same weights, so by Jensen's inequality and not by luck.
    log_w = log_weights(networks, X, 256, torch_generator(0)).numpy()
    bounds = [
        (logsumexp(log_w.reshape(256 // k, k, -1), axis=1) - np.log(k)).mean() for k in (1, 4, 256)
    ]
    assert bounds[0] < bounds[1] < bounds[2]
    few, many = (evaluate_vae(networks, X, n_samples=s, random_state=s) for s in (2, 500))
    error = np.hypot(few.monte_carlo_error, many.monte_carlo_error)
    assert many.mean_log_likelihood > few.mean_log_likelihood - quantile(1) * error


def test_monte_carlo_variance_is_that_of_repetitions():
    networks, X, _ = principal_networks(wrong=0.2)
    runs = [evaluate_vae(networks, X[:20], n_samples=60, random_state=r) for r in range(300)]
    for value, variance in [
        ("distortion", "distortion_variance"),
        ("log_likelihood", "log_likelihood_variance"),
    ]:
        observed = np.var([getattr(run, value) for run in runs], axis=0, ddof=1)
        predicted = np.mean([getattr(run, variance) for run in runs], axis=0)
        # A sample variance of near-normal values has a relative error of √(2 / (R − 1)); 20 data
        # are averaged. The delta method and skew add terms of order 1/S.
        error = quantile(1) * np.sqrt(2 / (len(runs) - 1) / 20) + 3 / 60
        assert abs((observed / predicted).mean() - 1) < error, value


def test_chunks_change_nothing():
    networks = tiny_networks()
    X = bits(23)
    whole = evaluate_vae(networks, X, n_samples=30, batch_size=10_000)
    for batch_size in (1, 7, 30, 100):
        part = evaluate_vae(networks, X, n_samples=30, batch_size=batch_size)
        for name in ("elbo", "distortion", "rate", "log_likelihood", "effective_sample_size"):
            np.testing.assert_allclose(getattr(part, name), getattr(whole, name), rtol=1e-11)
    first = evaluate_vae(networks, X[:5], n_samples=30)
    np.testing.assert_allclose(first.log_likelihood, whole.log_likelihood[:5], rtol=1e-12)


def test_no_more_than_batch_size_pairs_are_decoded_and_each_datum_is_encoded_once():
    networks = tiny_networks()
    encoded, decoded = [], []
    networks.encoder.register_forward_hook(lambda m, a, out: encoded.append(a[0].numel() // 12))
    networks.decoder.register_forward_hook(lambda m, a, out: decoded.append(a[0].numel() // 3))
    for batch_size in (7, 30, 100):
        encoded.clear()
        decoded.clear()
        evaluate_vae(networks, bits(23), n_samples=30, batch_size=batch_size)
        assert sum(encoded) == 23
        assert sum(decoded) == 23 * 30
        assert max(decoded) <= batch_size


def test_the_seed_decides_and_nothing_global_changes():
    networks = tiny_networks()
    before = torch.get_rng_state()
    same = [evaluate_vae(networks, bits(), n_samples=5, random_state=4) for _ in range(2)]
    np.testing.assert_array_equal(same[0].log_likelihood, same[1].log_likelihood)
    other = evaluate_vae(networks, bits(), n_samples=5, random_state=5)
    assert (other.log_likelihood != same[0].log_likelihood).all()
    assert torch.equal(before, torch.get_rng_state())


def test_summaries():
    found = evaluate_vae(tiny_networks(), bits(), n_samples=30)
    assert found.mean_elbo == found.elbo.mean()
    assert found.mean_distortion == found.distortion.mean()
    assert found.mean_rate == found.rate.mean()
    assert found.mean_log_likelihood == found.log_likelihood.mean()
    np.testing.assert_allclose(found.mean_gap, found.mean_log_likelihood - found.mean_elbo)
    np.testing.assert_allclose(found.standard_error, found.log_likelihood.std(ddof=1) / np.sqrt(60))
    np.testing.assert_allclose(found.elbo_standard_error, found.elbo.std(ddof=1) / np.sqrt(60))
    np.testing.assert_allclose(
        found.monte_carlo_error, np.sqrt(found.log_likelihood_variance.sum()) / 60
    )
    np.testing.assert_allclose(
        found.elbo_monte_carlo_error, np.sqrt(found.distortion_variance.sum()) / 60
    )
    assert (found.n_samples, found.likelihood, found.is_density) == (30, "bernoulli", True)


def test_what_one_sample_cannot_say_is_not_a_number():
    found = evaluate_vae(tiny_networks(), bits(1), n_samples=1)
    np.testing.assert_allclose(found.effective_sample_size, 1)
    assert np.isnan([found.monte_carlo_error, found.elbo_monte_carlo_error]).all()
    assert np.isnan([found.standard_error, found.elbo_standard_error]).all()


def test_a_convention_is_no_density():
    networks = tiny_networks(likelihood="bernoulli-grey")
    found = evaluate_vae(networks, grey(), n_samples=2)
    assert not found.is_density


def test_reconstruction_error_is_the_likelihood_at_the_posterior_mean():
    networks = tiny_networks()
    X = torch.from_numpy(bits())
    with torch.no_grad():
        loc, _ = networks.encode(X)
        p_x = networks.likelihood.distribution(networks.decode(loc))
    np.testing.assert_allclose(reconstruction_error(networks, X), -p_x.log_prob(X), rtol=1e-12)


def test_what_cannot_be_scored_is_refused():
    networks = tiny_networks()
    for score in (
        lambda X: evaluate_vae(networks, X),
        lambda X: log_weights(networks, X, 3, torch_generator(0)),
        lambda X: reconstruction_error(networks, X),
    ):
        with pytest.raises(InputError, match="binarise"):
            score(grey())
        with pytest.raises(InputError, match="12 columns"):
            score(bits()[:, :5])
        with pytest.raises(InputError, match="finite"):
            score(np.full((1, 12), np.nan))
    with pytest.raises(InputError, match="n_samples must be at least 1, got 0"):
        evaluate_vae(networks, bits(), n_samples=0)
    autoencoder = Autoencoder(2, hidden_dims=(4,), max_epochs=1, random_state=0).fit(bits())
    with pytest.raises(InputError, match=r"plain autoencoder.*reconstruction_error"):
        evaluate_vae(autoencoder.networks_, bits())


def test_the_device_is_left_as_it_was():
    networks = tiny_networks()
    evaluate_vae(networks, bits(), n_samples=2, device="cpu")
    assert networks.device == torch.device("cpu")
    with pytest.raises(InputError, match="device"):
        evaluate_vae(networks, bits(), device="abacus")
