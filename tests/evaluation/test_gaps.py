import numpy as np
import pytest
import torch

from suite.errors import InputError
from suite.evaluation import (
    inference_gaps,
    linear_gaussian_log_likelihood,
    linear_gaussian_posterior,
)
from tests.evaluation.toys import drawn, linear_networks, oblique_model, orthogonal_model
from tests.vae.toys import bits, grey, quantile, tiny_networks

CONVERGED = 1e-4
"""Nats that the ascent may fall short by: its last steps move by less than 1% of a deviation."""


def test_a_posterior_within_the_family_leaves_only_the_encoder_to_blame():
    """q* is the exact posterior; the planted encoder loses KL(N(μ+δ, s²e^{2δ}) ‖ N(μ, s²))."""
    wrong, model = 0.4, orthogonal_model()
    X = drawn(model, 30)
    found = inference_gaps(linear_networks(model, wrong=wrong), X)
    exact = linear_gaussian_posterior(X, model)
    s2 = np.diag(exact.covariance)
    np.testing.assert_allclose(found.scale**2, np.tile(s2, (30, 1)), rtol=0.02)
    assert (np.abs(found.loc - exact.mean) < 0.01 * np.sqrt(s2)).all()
    truth = linear_gaussian_log_likelihood(X, model)
    np.testing.assert_allclose(found.refined_elbo, truth, atol=5 * CONVERGED)
    assert np.abs(found.approximation_gap).max() < CONVERGED
    gap = (0.5 * (wrong**2 / s2 + np.exp(2 * wrong) - 1) - wrong).sum()
    error = quantile(1) * found.amortisation_monte_carlo_error
    assert 0 < error < gap / 10
    assert abs(found.mean_amortisation_gap - gap) < error + CONVERGED


def test_a_correlated_posterior_leaves_the_family_to_blame():
    """The best diagonal q has the posterior's precisions, 1 / (Σ⁻¹)_jj, and its mean.

    Its loss is KL = ½ [Σ_j log (Σ⁻¹)_jj + log |Σ|]: the traces cancel (Bishop 2006, 10.1.2).
    """
    model = oblique_model()
    X = drawn(model, 20)
    exact = linear_gaussian_posterior(X, model)
    precision = np.linalg.inv(exact.covariance)
    gap = 0.5 * (np.log(np.diag(precision)).sum() + np.linalg.slogdet(exact.covariance)[1])
    truth = linear_gaussian_log_likelihood(X, model)
    found = inference_gaps(linear_networks(model), X, log_likelihood=truth, n_samples=4000)
    np.testing.assert_array_equal(found.log_likelihood, truth)
    # The last steps' noise leaves each variance off by a few percent, and their mean by less; the
    # bound is flat there: ¼ of the squares of those, for each dimension.
    np.testing.assert_allclose(found.scale**2, np.tile(1 / np.diag(precision), (20, 1)), rtol=0.1)
    np.testing.assert_allclose((found.scale**2).mean(0), 1 / np.diag(precision), rtol=0.03)
    error = quantile(1) * found.approximation_monte_carlo_error
    assert 0 < error < gap / 10
    assert abs(found.mean_approximation_gap - gap) < error + 0.01 * gap
    # The encoder has the marginal variances: the better diagonal q must beat it.
    s2 = np.diag(exact.covariance)
    loss = 0.5 * (np.diag(precision) @ s2 - 3 - np.log(s2).sum())
    loss += 0.5 * np.linalg.slogdet(exact.covariance)[1]
    error = quantile(1) * found.amortisation_monte_carlo_error
    assert loss > 2 * gap
    assert abs(found.mean_amortisation_gap - (loss - gap)) < error + 0.01 * gap
    without = inference_gaps(linear_networks(model), X, n_samples=4000)
    assert abs(without.log_likelihood - truth).mean() < abs(without.elbo - truth).mean() / 10


def test_variances_are_those_of_repetitions():
    model = oblique_model(variance=1.0)
    networks, X = linear_networks(model, wrong=0.2), drawn(model, 20)
    runs = [
        inference_gaps(networks, X, n_steps=1, learning_rate=1e-9, n_samples=200, random_state=r)
        for r in range(150)
    ]
    truth = linear_gaussian_log_likelihood(X, model)
    for name in ("approximation", "amortisation"):
        observed = np.var([getattr(run, f"{name}_gap") for run in runs], axis=0, ddof=1)
        predicted = np.mean([getattr(run, f"{name}_variance") for run in runs], axis=0)
        error = quantile(2) * np.sqrt(2 / 149 / 20) + 0.1
        if name == "approximation":
            assert abs(predicted.mean() / observed.mean() - 1) < error
        else:  # one step of no length: q* is q, and common noise leaves no difference
            assert max(predicted.max(), observed.max()) < 1e-12
    given = inference_gaps(networks, X, n_steps=1, log_likelihood=truth, n_samples=200)
    assert (given.approximation_variance > 0).all()


def test_the_parts_add_up_and_the_networks_are_left_alone():
    networks, X = tiny_networks(), bits(9)
    before = torch.get_rng_state()
    found = inference_gaps(networks, X, n_steps=150, n_samples=400)
    np.testing.assert_allclose(
        found.approximation_gap + found.amortisation_gap, found.log_likelihood - found.elbo
    )
    assert (found.approximation_gap > 0).all()
    assert found.mean_amortisation_gap > 10 * found.amortisation_monte_carlo_error
    assert found.loc.shape == found.scale.shape == (9, 3)
    assert all(parameter.grad is None for parameter in networks.parameters())
    assert torch.equal(before, torch.get_rng_state())


def test_a_datum_is_scored_alike_in_whatever_batch():
    networks, X = tiny_networks(), bits(9)
    whole, part = (
        inference_gaps(networks, X, n_steps=30, n_samples=50, batch_size=b) for b in (4096, 33)
    )
    for name in ("elbo", "refined_elbo", "log_likelihood", "amortisation_variance"):
        np.testing.assert_allclose(getattr(part, name), getattr(whole, name), rtol=1e-8)


def test_what_has_no_gaps_is_refused():
    networks = tiny_networks()
    with pytest.raises(InputError, match="binarise"):
        inference_gaps(networks, grey())
    with pytest.raises(InputError, match="n_steps must be at least 1, got 0"):
        inference_gaps(networks, bits(), n_steps=0)
    with pytest.raises(InputError, match="log_likelihood must be 5 finite numbers"):
        inference_gaps(networks, bits(5), log_likelihood=np.zeros(4))
    networks.variational = False
    with pytest.raises(InputError, match="plain autoencoder"):
        inference_gaps(networks, bits())
