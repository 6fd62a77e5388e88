import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch.utils._python_dispatch import TorchDispatchMode

from suite.errors import InputError
from suite.evaluation import (
    evaluate_vae,
    importance_ladder,
    linear_gaussian_log_likelihood,
    log_weights,
)
from suite.random import torch_generator
from tests.evaluation.toys import drawn, linear_networks, oblique_model, orthogonal_model
from tests.vae.toys import bits, grey, quantile, tiny_networks

RUNGS = (1, 3, 12, 60)


def test_every_rung_follows_from_the_same_log_weights():
    networks, X = tiny_networks(), bits(7)
    found = importance_ladder(networks, X, n_samples=(60, 7, 1), random_state=3)
    assert (found.n_samples, found.n_draws) == ((1, 7, 60), 60)
    log_w = log_weights(networks, X, 60, torch_generator(3)).numpy()
    for r, (K, n_blocks) in enumerate([(1, 60), (7, 8), (60, 1)]):
        blocks = np.exp(log_w[: K * n_blocks].reshape(n_blocks, K, 7))
        bounds = np.log(blocks.mean(1))
        np.testing.assert_allclose(found.log_likelihood[r], bounds.mean(0), rtol=1e-12)
        sizes = blocks.sum(1) ** 2 / (blocks**2).sum(1)
        np.testing.assert_allclose(found.effective_sample_size[r], sizes.mean(0), rtol=1e-10)
        if n_blocks > 1:
            np.testing.assert_allclose(found.variance[r], bounds.var(0, ddof=1) / n_blocks)
    w = np.exp(log_w)
    np.testing.assert_allclose(found.variance[2], w.var(0, ddof=1) / 60 / w.mean(0) ** 2)


def test_the_last_rung_is_the_evaluation():
    networks, X = tiny_networks(), bits(9)
    found = importance_ladder(networks, X, n_samples=RUNGS, random_state=5)
    whole = evaluate_vae(networks, X, n_samples=60, random_state=5)
    np.testing.assert_allclose(found.log_likelihood[-1], whole.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(found.variance[-1], whole.log_likelihood_variance, rtol=1e-12)
    size = whole.effective_sample_size
    np.testing.assert_allclose(found.effective_sample_size[-1], size, rtol=1e-12)
    assert (found.likelihood, found.is_density) == ("bernoulli", True)


def test_the_bounds_rise_to_the_likelihood():
    """Datum by datum by Jensen's inequality, and to log p(x) from below, where that is known."""
    model = oblique_model()
    X = drawn(model, 1000)
    found = importance_ladder(linear_networks(model), X, n_samples=(1, 10, 100, 1000))
    assert (np.diff(found.log_likelihood, axis=0) > 0).all()
    shortfall = linear_gaussian_log_likelihood(X, model).mean() - found.mean_log_likelihood
    error = quantile(4) * found.monte_carlo_error
    assert (shortfall[:2] > error[:2]).all()
    assert (shortfall > -error).all()
    assert shortfall[3] < error[3] < shortfall[0] / 5
    assert (found.effective_sample_size <= np.array([[1], [10], [100], [1000]]) * (1 + 1e-9)).all()


def test_the_bound_by_sampling_is_the_bound_in_closed_form():
    """The gap of the exact ELBO is KL(q ‖ posterior), in closed form for two Gaussians."""
    wrong, model = 0.3, orthogonal_model()
    X = drawn(model, 300)
    found = importance_ladder(linear_networks(model, wrong=wrong), X, n_samples=(1, 500))
    s2 = np.exp(2 * linear_networks(model).state_dict()["encoder.log_scale.bias"].numpy())
    gap = (0.5 * (wrong**2 / s2 + np.exp(2 * wrong) - 1) - wrong).sum()
    shortfall = linear_gaussian_log_likelihood(X, model) - found.log_likelihood[0]
    assert abs(shortfall.mean() - gap) < quantile(1) * found.monte_carlo_error[0]


def test_an_exact_posterior_makes_every_rung_the_likelihood():
    model = orthogonal_model()
    X = drawn(model, 5)
    found = importance_ladder(linear_networks(model), X, n_samples=RUNGS)
    truth = linear_gaussian_log_likelihood(X, model)
    np.testing.assert_allclose(found.log_likelihood, np.tile(truth, (4, 1)), rtol=1e-10)
    np.testing.assert_allclose(found.variance, 0, atol=1e-14)
    np.testing.assert_allclose(found.mean_effective_sample_size, RUNGS, rtol=1e-9)


def test_float32_networks_lose_nothing_in_the_sums():
    """A million weights equal to rounding: their mean must not drift as float32 sums do."""
    model = orthogonal_model()
    X = drawn(model, 2)
    networks = linear_networks(model, dtype=torch.float32)
    found = importance_ladder(networks, X, n_samples=(1, 200_000))
    assert found.log_likelihood.dtype == np.float64
    # Each weight carries a relative float32 rounding of a few sums; averaging adds none of its own.
    allowed = 64 * np.finfo(np.float32).eps * np.abs(found.log_likelihood)
    truth = linear_gaussian_log_likelihood(X, model)
    assert (np.abs(found.log_likelihood - truth) < allowed).all()


def test_errors_are_those_of_repetitions():
    model = orthogonal_model()
    networks, X = linear_networks(model, wrong=0.2), drawn(model, 20)
    runs = [importance_ladder(networks, X, n_samples=RUNGS, random_state=r) for r in range(200)]
    observed = np.var([run.log_likelihood for run in runs], axis=0, ddof=1).mean(1)
    predicted = np.mean([run.variance for run in runs], axis=0).mean(1)
    # A sample variance of near-normal values has a relative error of √(2 / (R − 1)); 20 data are
    # averaged. Skew and, for the last rung, the delta method add terms of order 1/K.
    error = quantile(4) * np.sqrt(2 / 199 / 20) + 3 / np.array([60, 20, 12, 60])
    assert (np.abs(predicted / observed - 1) < error).all()


class _LargestTensor(TorchDispatchMode):
    """The most numbers that any tensor made inside the block holds."""

    def __init__(self):
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, torch.Tensor):
                self.numel = max(self.numel, tensor.untyped_storage().nbytes() // 8)
        return made


@pytest.mark.parametrize(("S", "batch_size"), [(60, 200), (200, 60), (30, 30)])
def test_memory_is_bounded_by_the_batch_and_each_datum_is_encoded_once(S, batch_size):
    """No tensor beyond X itself holds more than max(batch, S) codes or batch rows of width 40."""
    networks = tiny_networks(12, 3, hidden_dims=(40,))
    X = bits(150)
    encoded = []
    networks.encoder.register_forward_hook(lambda m, a, out: encoded.append(a[0].numel() // 12))
    with _LargestTensor() as largest:
        importance_ladder(networks, X, n_samples=(1, S), batch_size=batch_size)
    assert sum(encoded) == 150
    results = 3 * 2 * 150  # bounds, variances and sizes
    assert largest.numel <= max(X.size, results, 40 * batch_size, 3 * max(batch_size, S))


def test_batches_change_nothing_and_nothing_global_changes():
    networks, X = tiny_networks(), bits(11)
    before = torch.get_rng_state()
    whole = importance_ladder(networks, X, n_samples=RUNGS)
    part = importance_ladder(networks, X, n_samples=RUNGS, batch_size=17)
    np.testing.assert_allclose(part.log_likelihood, whole.log_likelihood, rtol=1e-12)
    other = importance_ladder(networks, X, n_samples=RUNGS, random_state=1)
    assert (other.log_likelihood != whole.log_likelihood).all()
    assert torch.equal(before, torch.get_rng_state())


def test_summaries():
    found = importance_ladder(tiny_networks(), bits(40), n_samples=(1, 20))
    np.testing.assert_array_equal(found.mean_log_likelihood, found.log_likelihood.mean(1))
    np.testing.assert_allclose(
        found.standard_error, found.log_likelihood.std(1, ddof=1) / np.sqrt(40)
    )
    np.testing.assert_allclose(found.monte_carlo_error, np.sqrt(found.variance.sum(1)) / 40)
    one = importance_ladder(tiny_networks(), bits(1), n_samples=(1,))
    assert np.isnan([one.standard_error, one.monte_carlo_error]).all()
    log_w = log_weights(tiny_networks(), bits(40), 20, torch_generator(0)).numpy()
    expected = (logsumexp(log_w, axis=0) - np.log(20)).mean()
    np.testing.assert_allclose(found.mean_log_likelihood[1], expected)


def test_what_cannot_be_scored_is_refused():
    for wrong in ((), (0, 5), (5, 5)):
        with pytest.raises(InputError, match="different integers of at least 1"):
            importance_ladder(tiny_networks(), bits(), n_samples=wrong)
    with pytest.raises(InputError, match="binarise"):
        importance_ladder(tiny_networks(), grey())
    autoencoder = tiny_networks()
    autoencoder.variational = False
    with pytest.raises(InputError, match="plain autoencoder"):
        importance_ladder(autoencoder, bits())
