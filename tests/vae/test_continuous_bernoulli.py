"""The continuous Bernoulli against arithmetic of 120 digits."""

import mpmath
import numpy as np
import pytest
import torch
from torch.distributions import ContinuousBernoulli as Torchs

from suite.random import default_noise_from, torch_generator
from suite.vae import LIKELIHOODS
from suite.vae.likelihoods import continuous_bernoulli as cb

LOGITS = np.concatenate(
    [
        [0.0, 1e-30, 1e-12, 1e-6, 1e-3, 0.1, 0.4999, 0.5, 0.5001, 1.0, 3.0, 16.0, 40.0, 700.0],
        [-1e-12, -1e-3, -0.1, -0.4999, -0.5001, -1.0, -16.0, -700.0],
        np.random.default_rng(0).normal(0, 2, 40),
    ]
)
PRECISIONS = [(torch.float32, 1e-6), (torch.float64, 1e-14)]
"""What is asked of each: a dozen roundings, of values at most 7 in size."""


def exact(function, logits):
    """`function` of each logit by mpmath."""
    with mpmath.workdps(120):
        return np.array([float(function(mpmath.mpf(float(logit)))) for logit in logits])


def log_c(logit):
    """log C as published, in λ."""
    if logit == 0:
        return mpmath.log(2)
    p = 1 / (1 + mpmath.exp(-logit))
    if abs(logit) > 100:  # λ is too near 0 or 1 for the digits of 1 − 2λ
        return mpmath.log(abs(logit) / mpmath.tanh(abs(logit) / 2))
    return mpmath.log(2 * mpmath.atanh(1 - 2 * p) / (1 - 2 * p))


def log_c_slope(logit):
    return mpmath.mpf(0) if logit == 0 else 1 / logit - 1 / mpmath.sinh(logit)


def moment(logit, order):
    if logit == 0:
        return mpmath.mpf(1) / 2 if order == 1 else mpmath.mpf(1) / 12
    if order == 1:
        return 1 / (1 - mpmath.exp(-logit)) - 1 / logit
    return 1 / logit**2 - 1 / (4 * mpmath.sinh(logit / 2) ** 2)


@pytest.mark.parametrize(("dtype", "allowed"), PRECISIONS)
def test_the_normaliser_and_its_gradient(dtype, allowed):
    logits = torch.tensor(LOGITS, dtype=dtype, requires_grad=True)
    found = cb.log_normaliser(logits)
    found.sum().backward()
    rounded = logits.detach().tolist()
    np.testing.assert_allclose(found.detach(), exact(log_c, rounded), rtol=allowed, atol=0)
    np.testing.assert_allclose(logits.grad, exact(log_c_slope, rounded), rtol=0, atol=allowed)


@pytest.mark.parametrize(("dtype", "allowed"), PRECISIONS)
def test_mean_and_variance(dtype, allowed):
    logits = torch.tensor(LOGITS, dtype=dtype)
    rounded = logits.tolist()
    for function, order in ((cb.mean, 1), (cb.variance, 2)):
        expected = exact(lambda logit, order=order: moment(logit, order), rounded)
        # 1/h² − 1/sinh² h loses what 1/h² has in digits: 16 at the edge of the series.
        np.testing.assert_allclose(function(logits), expected, rtol=0, atol=order**4 * allowed)


def test_the_gradient_of_the_log_probability_is_x_less_its_mean():
    for dtype, allowed in PRECISIONS:
        logits = torch.tensor(LOGITS, dtype=dtype, requires_grad=True)
        x = torch.linspace(0, 1, len(logits), dtype=dtype)
        LIKELIHOODS["continuous-bernoulli"].log_prob(x, (logits,)).backward()
        torch.testing.assert_close(
            logits.grad, x - cb.mean(logits.detach()), rtol=0, atol=2 * allowed
        )


def test_it_is_torchs_where_that_neither_clamps_nor_expands():
    logits = torch.tensor([-9.0, -2.0, -0.1, 0.3, 5.0], dtype=torch.float64)
    x = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    mine, theirs = cb.ContinuousBernoulli(logits), Torchs(logits=logits)
    torch.testing.assert_close(mine.log_prob(x), theirs.log_prob(x), rtol=1e-10, atol=0)
    torch.testing.assert_close(mine.mean, theirs.mean, rtol=1e-10, atol=0)
    torch.testing.assert_close(mine.variance, theirs.variance, rtol=1e-9, atol=0)


def test_the_quantile_inverts_the_distribution_function():
    logits = torch.tensor(LOGITS, dtype=torch.float64)
    u = torch.linspace(0.001, 0.999, 31, dtype=torch.float64)[:, None]
    x = cb.quantile(u, logits)
    below = -logits.abs()
    ratio = torch.expm1(x * below) / torch.expm1(below)
    turned = torch.expm1((1 - x) * below) / torch.expm1(below)
    back = torch.where(logits > 0, 1 - turned, ratio)
    back = torch.where(logits == 0, x, back)
    # F is at most |logit| steep: a rounding of x moves it by so much.
    allowed = 4 * np.finfo(float).eps * (1 + logits.abs())
    assert bool(((back - u).abs() <= allowed).all())


def test_pyros_draws_are_the_quantiles_of_its_uniform_noise():
    logits = torch.tensor([-3.0, 0.0, 20.0])
    with default_noise_from(torch_generator(0)):
        drawn = cb.ContinuousBernoulli(logits).expand((5, 3)).rsample((2,))
    uniform = torch.rand((2, 5, 3), generator=torch_generator(0))
    assert torch.equal(drawn, cb.quantile(uniform, logits))


def test_the_logits_of_a_mean():
    means = torch.tensor([0.001, 0.3, 0.5, 0.9, 0.999], dtype=torch.float64)
    torch.testing.assert_close(cb.mean(cb.logits_of_mean(means)), means, rtol=1e-12, atol=0)


def test_without_its_normaliser_it_is_the_convention_and_differs_by_log_c():
    x = torch.rand((4, 3), generator=torch_generator(0), dtype=torch.float64)
    logits = torch.randn((4, 3), generator=torch_generator(1), dtype=torch.float64)
    whole, without, grey = (
        LIKELIHOODS[name].log_prob(x, (logits,))
        for name in (
            "continuous-bernoulli",
            "continuous-bernoulli-unnormalised",
            "bernoulli-grey",
        )
    )
    assert torch.equal(without, grey)
    expected = cb.log_normaliser(logits).sum(1)
    torch.testing.assert_close(whole - without, expected, rtol=1e-12, atol=1e-12)
