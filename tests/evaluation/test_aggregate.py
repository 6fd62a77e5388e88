import numpy as np
import pytest
import torch
from scipy.stats import norm

from suite.errors import InputError
from suite.evaluation import aggregated_posterior, evaluate_vae
from tests.evaluation.toys import drawn, linear_networks, orthogonal_model
from tests.vae.toys import bits, grey, quantile, tiny_networks


def test_one_dimension_against_quadrature():
    networks, X = tiny_networks(12, 1), bits(6)
    with torch.no_grad():
        loc, scale = (part.numpy()[:, 0] for part in networks.encode(torch.from_numpy(X)))
    z = np.linspace(-30, 30, 60_001)
    each = norm.pdf(z[:, None], loc, scale)
    q = each.mean(1)
    log_q = np.log(np.maximum(q, 1e-300))
    divergence = np.trapezoid(q * (log_q - norm.logpdf(z)), z)
    information = np.mean(
        [np.trapezoid(p * (np.log(np.maximum(p, 1e-300)) - log_q), z) for p in each.T]
    )
    found = aggregated_posterior(networks, X, n_samples=20_000)
    error = quantile(1) * found.monte_carlo_error
    assert 0 < error < 0.1 * information
    assert abs(found.mutual_information - information) < error
    assert abs(found.marginal_divergence - divergence) < error
    assert found.n_data == 6
    np.testing.assert_allclose(found.rate, divergence + information, rtol=1e-6)
    np.testing.assert_allclose(found.rate, evaluate_vae(networks, X).mean_rate, rtol=1e-12)


def test_many_dimensions_by_brute_force():
    """Draw by draw, with densities written out by torch."""
    networks, X = tiny_networks(), torch.from_numpy(bits(9))
    found = aggregated_posterior(networks, X, n_samples=4000)
    with torch.no_grad():
        loc, scale = networks.encode(X)
    q = torch.distributions.Normal(loc, scale)
    torch.manual_seed(0)
    z = q.sample((4000,))  # (S, N, J)
    pairs = q.log_prob(z[:, :, None]).sum(-1)  # (S, N, N)
    marginal = pairs.logsumexp(2) - np.log(9)
    terms = pairs.diagonal(dim1=1, dim2=2) - marginal
    error = float((terms.var(0).sum() / 4000).sqrt() / 9)
    assert found.monte_carlo_error == pytest.approx(error, rel=0.1)
    assert abs(float(terms.mean()) - found.mutual_information) < quantile(1) * error * np.sqrt(2)


def test_equal_codes_say_nothing_and_distant_ones_everything():
    networks = tiny_networks()
    same = aggregated_posterior(networks, np.repeat(bits(1), 8, axis=0))
    assert abs(same.mutual_information) < 1e-12
    assert same.marginal_divergence == pytest.approx(same.rate)
    with torch.no_grad():
        networks.encoder.loc.weight.mul_(300)
    X = np.eye(12)
    apart = aggregated_posterior(networks, X)
    assert apart.mutual_information == pytest.approx(np.log(12), abs=1e-9)
    assert apart.most_information == np.log(12)
    assert apart.monte_carlo_error < 1e-9


def test_a_subset_says_too_little_and_more_the_larger_it_is():
    """With data of the model and its exact posterior, I(x; z) = ½ log |I + WᵀW / σ²|, q(z) = p(z).

    A subset's information is at least the mean of its parts', by concavity; and the variance of
    log q(z | x) − log q(z) is at most 1 for each dimension, which bounds the sampling error.
    """
    model = orthogonal_model(d=3, j=1, lengths=(2.0,))
    networks, X = linear_networks(model), drawn(model, 1600)
    exact = 0.5 * np.log1p((model.W**2).sum() / model.variance)
    whole = aggregated_posterior(networks, X, n_samples=4)
    parts = {
        size: [aggregated_posterior(networks, x) for x in np.split(X, 1600 // size)]
        for size in (20, 200)
    }
    means = {n: np.mean([one.mutual_information for one in found]) for n, found in parts.items()}
    draws = {
        n: np.sqrt(sum(one.monte_carlo_error**2 for one in found)) / len(found)
        for n, found in parts.items()
    }
    error = quantile(3) * np.hypot(whole.monte_carlo_error, draws[20])
    assert means[20] < whole.mutual_information - error
    error = quantile(3) * np.hypot(whole.monte_carlo_error, draws[200])
    assert means[200] < whole.mutual_information + error
    error = quantile(2) * np.sqrt(1 / 1600)
    assert means[20] < exact - error
    assert abs(whole.mutual_information - exact) < error
    assert np.mean([one.marginal_divergence for one in parts[20]]) > error
    assert abs(whole.marginal_divergence) < error


def test_the_error_is_that_of_repetitions():
    networks, X = tiny_networks(), bits(15)
    runs = [aggregated_posterior(networks, X, n_samples=5, random_state=r) for r in range(300)]
    observed = np.std([run.mutual_information for run in runs], ddof=1)
    predicted = np.sqrt(np.mean([run.monte_carlo_error**2 for run in runs]))
    assert abs(predicted / observed - 1) < quantile(1) * np.sqrt(1 / 2 / 299)
    assert np.isnan(aggregated_posterior(networks, X, n_samples=1).monte_carlo_error)


def test_chunks_change_nothing_and_float32_is_enough():
    networks, X = tiny_networks(), bits(15)
    whole, part = (aggregated_posterior(networks, X, pairs_at_once=p) for p in (10_000, 1))
    assert part.mutual_information == pytest.approx(whole.mutual_information, rel=1e-10)
    single = aggregated_posterior(networks.to(torch.float32), X)
    assert single.mutual_information == pytest.approx(whole.mutual_information, rel=1e-4)


def test_what_has_no_aggregate_is_refused():
    networks = tiny_networks()
    with pytest.raises(InputError, match="binarise"):
        aggregated_posterior(networks, grey())
    with pytest.raises(InputError, match="n_samples must be at least 1, got 0"):
        aggregated_posterior(networks, bits(), n_samples=0)
    networks.variational = False
    with pytest.raises(InputError, match="plain autoencoder"):
        aggregated_posterior(networks, bits())
