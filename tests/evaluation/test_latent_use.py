import numpy as np
import pytest
import torch

from suite.errors import InputError
from suite.evaluation import evaluate_vae, latent_use, train_test_gap
from tests.evaluation.toys import drawn, linear_networks, orthogonal_model
from tests.vae.toys import bits, tiny_networks


def test_rates_add_up_to_the_rate():
    networks, X = tiny_networks(), bits()
    found = latent_use(networks, X)
    assert found.rate.shape == (3,)
    np.testing.assert_allclose(found.rate.sum(), evaluate_vae(networks, X).mean_rate, rtol=1e-12)
    with torch.no_grad():
        q = torch.distributions.Normal(*networks.encode(torch.from_numpy(X)))
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).mean(0)
    np.testing.assert_allclose(found.rate, expected, rtol=1e-12)


def test_active_units_are_those_whose_mean_moves():
    """For an affine encoder the variance of a unit's mean is wᵀ Cov(x) w, in closed form."""
    model = orthogonal_model(d=6, j=3, lengths=(2.0, 0.5, 0.04))
    networks, X = linear_networks(model), drawn(model, 500)
    found = latent_use(networks, X)
    w = networks.state_dict()["encoder.loc.weight"].numpy()
    expected = np.diag(w @ np.cov(X.T, bias=True) @ w.T)
    np.testing.assert_allclose(found.posterior_mean_variance, expected, rtol=1e-10)
    # In the population it is s² / (s² + σ²) for loadings of length s: 0.94, 0.5 and 0.006.
    np.testing.assert_array_equal(found.active, [True, True, False])
    assert found.n_active == 2
    assert latent_use(networks, X, threshold=0.7).n_active == 1
    part = latent_use(networks, X, batch_size=7)
    np.testing.assert_allclose(part.posterior_mean_variance, expected, rtol=1e-10)


def test_the_gap_is_the_difference_of_two_evaluations():
    networks = tiny_networks()
    train, test = (evaluate_vae(networks, bits(n, seed=n), n_samples=9) for n in (30, 50))
    gap = train_test_gap(train, test)
    assert gap.elbo == train.elbo.mean() - test.elbo.mean()
    assert gap.log_likelihood == train.log_likelihood.mean() - test.log_likelihood.mean()
    for name in ("elbo", "log_likelihood"):
        a, b = getattr(train, name), getattr(test, name)
        expected = np.sqrt(a.var(ddof=1) / 30 + b.var(ddof=1) / 50)
        np.testing.assert_allclose(getattr(gap, f"{name}_standard_error"), expected)
    assert train_test_gap(train, train).elbo == 0


def test_scores_that_do_not_compare_are_refused():
    networks = tiny_networks()
    few, many = (evaluate_vae(networks, bits(), n_samples=n) for n in (2, 3))
    with pytest.raises(InputError, match="n_samples 2 and 3"):
        train_test_gap(few, many)
    networks.variational = False
    with pytest.raises(InputError, match="plain autoencoder"):
        latent_use(networks, bits())
