import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from suite.errors import InputError
from suite.evaluation import (
    LinearGaussian,
    evaluate_vae,
    linear_gaussian_log_likelihood,
    linear_gaussian_posterior,
    probabilistic_pca,
)
from tests.evaluation.toys import density, drawn, linear_networks, oblique_model, orthogonal_model
from tests.vae.toys import quantile

MODELS = [oblique_model(), orthogonal_model(), oblique_model(d=3, j=5, variance=2.0)]


@pytest.mark.parametrize("model", MODELS)
def test_the_density_is_that_of_the_marginal_normal(model):
    X = drawn(model)
    found = linear_gaussian_log_likelihood(X, model)
    np.testing.assert_allclose(found, density(model).logpdf(X), rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_posterior_is_the_joint_over_the_marginal(model):
    """log p(z | x) = log p(x | z) + log p(z) − log p(x), at any z."""
    X = drawn(model, 7)
    D, J = model.W.shape
    z = np.random.default_rng(1).normal(size=J)
    posterior = linear_gaussian_posterior(X, model)
    prior = multivariate_normal(np.zeros(J), np.eye(J)).logpdf(z)
    for x, mean in zip(X, posterior.mean, strict=True):
        noise = multivariate_normal(model.W @ z + model.b, model.variance * np.eye(D)).logpdf(x)
        expected = noise + prior - density(model).logpdf(x)
        found = multivariate_normal(mean, posterior.covariance).logpdf(z)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_probabilistic_pca_is_the_maximum():
    """Tipping and Bishop's closed form against the same model of scikit-learn, and its slope."""
    X = drawn(oblique_model(), 300)
    model = probabilistic_pca(X, 2)
    best = linear_gaussian_log_likelihood(X, model).mean()
    pca = PCA(2).fit(X)
    # It divides by N − 1: all variances a factor 1 + 1/N too large cost D / (4 N²) nats.
    assert best - 6 / 300**2 < pca.score(X) <= best
    directions = model.W / np.linalg.norm(model.W, axis=0)
    np.testing.assert_allclose(np.abs(pca.components_.T), np.abs(directions), atol=1e-12)
    h, rng = 1e-4, np.random.default_rng(0)
    for _ in range(20):
        dW, db, dv = rng.normal(size=model.W.shape), rng.normal(size=6), rng.normal()
        ahead, behind = (
            LinearGaussian(model.W + s * dW, model.b + s * db, model.variance * np.exp(s * dv))
            for s in (h, -h)
        )
        ups = [linear_gaussian_log_likelihood(X, m).mean() for m in (ahead, behind)]
        # Flat to second order: the slope along any direction is nothing but rounding and O(h²).
        assert abs(ups[0] - ups[1]) / (2 * h) < 1e3 * h**2 * np.abs(best)
        assert max(ups) < best


def test_every_bound_is_below_the_likelihood_and_meets_it():
    exact = orthogonal_model()
    X = drawn(exact, 3000)
    truth = linear_gaussian_log_likelihood(X, exact)
    right = evaluate_vae(linear_networks(exact), X, n_samples=3)
    np.testing.assert_allclose(right.log_likelihood, truth, rtol=1e-10)
    wrong = [evaluate_vae(linear_networks(exact, wrong=0.4), X, n_samples=s) for s in (5, 50, 1000)]
    gaps = [truth.mean() - found.mean_log_likelihood for found in wrong]
    errors = [quantile(3) * found.monte_carlo_error for found in wrong]
    assert truth.mean() - wrong[0].mean_elbo > gaps[0] > errors[0]
    assert gaps[0] > gaps[1] > -errors[1]
    assert abs(gaps[2]) < errors[2] < gaps[0] / 10


@pytest.mark.parametrize(
    ("X", "model", "message"),
    [
        ([[0.0, np.nan]], oblique_model(2, 1), "X must be a finite matrix"),
        ([[0.0, 1.0, 2.0]], oblique_model(2, 1), "agree in D"),
        ([[0.0]], LinearGaussian(np.ones((1, 1)), np.zeros(1), 0.0), "variance a positive"),
    ],
)
def test_what_is_no_such_model_is_refused(X, model, message):
    with pytest.raises(InputError, match=message):
        linear_gaussian_log_likelihood(X, model)
    with pytest.raises(InputError, match=message):
        linear_gaussian_posterior(X, model)


def test_a_likelihood_without_a_maximum_is_refused():
    with pytest.raises(InputError, match="smaller latent_dim"):
        probabilistic_pca([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [2.0, 2.0, 1.0]], 1)
    with pytest.raises(InputError, match="from 1 to 1"):
        probabilistic_pca(np.eye(2), 2)
