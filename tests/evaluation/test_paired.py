import numpy as np
import pytest
import torch
from scipy import stats

from suite.errors import InputError
from suite.evaluation import (
    LinearGaussian,
    compare_log_likelihoods,
    evaluate_vae,
    linear_gaussian_log_likelihood,
    paired_comparison,
)
from suite.random import draw_seed
from tests.evaluation.toys import drawn, linear_networks, orthogonal_model
from tests.vae.toys import bits, quantile, tiny_networks

rng = np.random.default_rng(0)
FIRST = rng.normal(-90, 20, 50)
SECOND = FIRST - rng.exponential(0.5, 50)


def test_students_interval_is_that_of_the_paired_test():
    found = paired_comparison(FIRST, SECOND, method="t", confidence=0.9)
    expected = stats.ttest_rel(FIRST, SECOND).confidence_interval(0.9)
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high])
    np.testing.assert_allclose(found.mean, (FIRST - SECOND).mean())
    np.testing.assert_allclose(found.standard_error, stats.sem(FIRST - SECOND))
    expected = np.hypot(stats.sem(FIRST), stats.sem(SECOND))
    np.testing.assert_allclose(found.unpaired_standard_error, expected)
    assert found.unpaired_standard_error > 20 * found.standard_error
    assert found.better == 1
    assert paired_comparison([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 5.0, 5.0]).better == 0.375


def test_the_bootstrap_is_scipys():
    found = paired_comparison(FIRST, SECOND, confidence=0.9, random_state=3)
    expected = stats.bootstrap(
        (FIRST - SECOND,),
        np.mean,
        confidence_level=0.9,
        n_resamples=9999,
        method="BCa",
        random_state=np.random.default_rng(draw_seed(3)),
    ).confidence_interval
    np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-9)


def test_the_bootstrap_covers_a_skewed_mean():
    """Exponential differences of mean ½: their 95% intervals hold it, but for the small-n loss."""
    streams = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        found = paired_comparison(streams.exponential(0.5, 40), np.zeros(40))
        assert found.method == "bca"
        hits += found.low <= 0.5 <= found.high
    # Efron 1987 puts BCa within O(1/n) of 95%: at n = 40, between 90% and 97%, give or take chance.
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], 60, [0.90, 0.97])
    assert low <= hits <= high


def test_the_interval_scales_with_the_differences():
    found, tiny = (paired_comparison(s * FIRST, s * SECOND) for s in (1.0, 1e-130))
    np.testing.assert_allclose([tiny.low, tiny.high], [1e-130 * found.low, 1e-130 * found.high])
    assert found.low < found.mean < found.high


def test_equal_differences_have_an_interval_of_no_width():
    found = paired_comparison([3.0, 5.0, 4.0], [1.0, 3.0, 2.0])
    assert (found.low, found.mean, found.high, found.method) == (2.0, 2.0, 2.0, "t")


def test_models_with_their_exact_posteriors_differ_by_their_densities():
    one = orthogonal_model()
    other = LinearGaussian(W=0.8 * one.W, b=one.b + 0.1, variance=0.4)
    X = drawn(one, 100)
    found = compare_log_likelihoods(linear_networks(one), linear_networks(other), X, n_samples=5)
    truth = linear_gaussian_log_likelihood(X, one) - linear_gaussian_log_likelihood(X, other)
    np.testing.assert_allclose(found.differences, truth, rtol=1e-9, atol=1e-11)
    assert found.monte_carlo_error < 1e-9
    assert found.low < truth.mean() < found.high


def test_common_noise_takes_out_what_two_twins_share():
    networks, other, X = tiny_networks(), tiny_networks(), bits(40)
    same = compare_log_likelihoods(networks, other, X)
    assert (same.mean, same.monte_carlo_error, same.better) == (0, 0, 0.5)
    with torch.no_grad():
        other.decoder.output.bias.add_(0.05)
    common, own = (
        compare_log_likelihoods(networks, other, X, common_noise=c) for c in (True, False)
    )
    assert common.monte_carlo_error < own.monte_carlo_error / 5
    error = quantile(1) * np.hypot(common.monte_carlo_error, own.monte_carlo_error)
    assert abs(common.mean - own.mean) < error
    seed = draw_seed(0)  # of the one stream that both draw from
    a, b = (evaluate_vae(n, X, random_state=seed).log_likelihood for n in (networks, other))
    np.testing.assert_array_equal(common.differences, a - b)


@pytest.mark.parametrize("common", [True, False])
def test_the_monte_carlo_error_is_that_of_repetitions(common):
    model = orthogonal_model()
    pair = [linear_networks(model, wrong=w) for w in (0.1, 0.2)]
    X = drawn(model, 10)
    runs = [
        compare_log_likelihoods(
            *pair, X, n_samples=50, common_noise=common, random_state=r, method="t"
        )
        for r in range(200)
    ]
    observed = np.std([run.mean for run in runs], ddof=1)
    predicted = np.sqrt(np.mean([run.monte_carlo_error**2 for run in runs]))
    # A standard deviation has a relative error of √(1/2(R − 1)); the delta method one of order 1/S.
    assert abs(predicted / observed - 1) < quantile(1) * np.sqrt(1 / 2 / 199) + 3 / 50


def test_what_does_not_compare_is_refused():
    for a, b, message in (
        ([1.0, 2.0], [1.0], "two equally long lists"),
        ([1.0], [1.0], "at least 2 scores"),
        ([1.0, np.nan], [1.0, 2.0], "finite"),
    ):
        with pytest.raises(InputError, match=message):
            paired_comparison(a, b)
    with pytest.raises(InputError, match="confidence must be between 0 and 1, got 95"):
        paired_comparison(FIRST, SECOND, confidence=95)
    with pytest.raises(InputError, match="method must be 'bca' or 't', got 'z'"):
        paired_comparison(FIRST, SECOND, method="z")
    with pytest.raises(InputError, match="one likelihood"):
        compare_log_likelihoods(tiny_networks(), tiny_networks(likelihood="gaussian"), bits())
    with pytest.raises(InputError, match="common_noise=False"):
        compare_log_likelihoods(tiny_networks(), tiny_networks(j=2), bits())
    other = compare_log_likelihoods(tiny_networks(), tiny_networks(j=2), bits(), common_noise=False)
    assert other.monte_carlo_error > 0
