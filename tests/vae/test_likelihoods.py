import numpy as np
import pytest
import torch
from scipy.special import log_expit, logit
from scipy.stats import bernoulli, laplace, norm

from suite.errors import InputError
from suite.random import torch_generator
from suite.vae import LIKELIHOODS
from suite.vae.likelihoods import likelihood_named, redraw_bits
from tests.vae.toys import LIKELIHOOD_NAMES, grey, quantile, suitable


def parameters_for(likelihood, shape, seed=1):
    location = 2 * torch.randn(shape, generator=torch_generator(seed), dtype=torch.float64)
    if LIKELIHOODS[likelihood].learned_scale:
        return (location, torch.tensor(-0.7, dtype=torch.float64))
    return (location,)


def test_the_tests_cover_the_whole_table():
    assert list(LIKELIHOODS) == LIKELIHOOD_NAMES


def test_bernoulli_is_scipys():
    x = suitable("bernoulli")
    parameters = parameters_for("bernoulli", x.shape)
    p = parameters[0].sigmoid().numpy()
    found = LIKELIHOODS["bernoulli"].log_prob(torch.from_numpy(x), parameters)
    np.testing.assert_allclose(found, bernoulli.logpmf(x, p).sum(1), rtol=1e-12)


def test_bernoulli_holds_at_extreme_logits():
    logits = torch.tensor([[-700.0], [-45.0], [-25.0], [19.0], [25.0], [45.0], [700.0]]).double()
    for value in (0.0, 1.0):
        x = torch.full_like(logits, value)
        found = LIKELIHOODS["bernoulli"].log_prob(x, (logits,)).numpy()
        exact = log_expit(logits[:, 0].numpy() * (1 if value else -1))
        # Cancellation in x·l − log(1 + exp l) leaves an absolute error of one rounding of l.
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=700 * np.finfo(float).eps)


def test_gaussian_is_scipys():
    x = suitable("gaussian")
    loc, log_scale = parameters_for("gaussian", x.shape)
    found = LIKELIHOODS["gaussian"].log_prob(torch.from_numpy(x), (loc, log_scale))
    exact = norm.logpdf(x, loc.numpy(), np.exp(log_scale.item())).sum(1)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_laplace_is_scipys():
    x = suitable("laplace")
    loc, log_scale = parameters_for("laplace", x.shape)
    found = LIKELIHOODS["laplace"].log_prob(torch.from_numpy(x), (loc, log_scale))
    exact = laplace.logpdf(x, loc.numpy(), np.exp(log_scale.item())).sum(1)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("name", LIKELIHOOD_NAMES)
def test_the_kind_says_of_what_a_score_is_a_log_probability(name):
    """By numbers: exp(log_prob) sums or integrates to one, or to something else."""
    parameters = tuple(p[..., :1] if p.ndim else p for p in parameters_for(name, (1, 12)))
    if LIKELIHOODS[name].kind == "bits":
        x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        total = LIKELIHOODS[name].log_prob(x, parameters).exp().sum().item()
    else:
        low, high = (-60, 60) if LIKELIHOODS[name].learned_scale else (0, 1)
        x = torch.linspace(low, high, 600_001, dtype=torch.float64)[:, None]
        p = LIKELIHOODS[name].log_prob(x, (parameters[0].expand_as(x), *parameters[1:])).exp()
        total = torch.trapezoid(p, x[:, 0]).item()
    # The trapezium rule's error is h²/12 · range · max |p''|, and less than 1e-6 here.
    assert (abs(total - 1) < 1e-6) == LIKELIHOODS[name].is_density


@pytest.mark.parametrize("name", LIKELIHOOD_NAMES)
def test_pyros_distribution_is_the_same_likelihood(name):
    x = torch.from_numpy(suitable(name))
    parameters = parameters_for(name, x.shape)
    distribution = LIKELIHOODS[name].distribution(parameters)
    assert distribution.event_shape == (12,)
    torch.testing.assert_close(
        LIKELIHOODS[name].log_prob(x, parameters), distribution.log_prob(x), rtol=1e-12, atol=0
    )
    torch.testing.assert_close(LIKELIHOODS[name].mean(parameters), distribution.mean)


@pytest.mark.parametrize("name", LIKELIHOOD_NAMES)
def test_several_parameters_per_datum_score_as_one_by_one(name):
    x = torch.from_numpy(suitable(name, n=5))
    parameters = parameters_for(name, (5, 7, 12))
    found = LIKELIHOODS[name].log_prob(x[:, None], parameters)
    for s in range(7):
        one = (parameters[0][:, s], *parameters[1:])
        torch.testing.assert_close(
            found[:, s], LIKELIHOODS[name].log_prob(x, one), rtol=1e-12, atol=1e-12
        )


def test_redrawn_bits_have_the_pixels_as_their_mean():
    p = torch.from_numpy(grey(1, 40)).expand(20_000, 40)
    drawn = redraw_bits(p, torch_generator(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    error = (p[0] * (1 - p[0]) / len(p)).sqrt()
    assert bool(((drawn.mean(0) - p[0]).abs() <= quantile(40) * error).all())


def test_redrawing_leaves_bits_as_they_are():
    x = torch.from_numpy(suitable("bernoulli"))
    assert torch.equal(redraw_bits(x, torch_generator(0)), x)


@pytest.mark.parametrize("name", LIKELIHOOD_NAMES)
def test_draws_have_the_right_mean_and_variance(name):
    parameters = parameters_for(name, (1, 12))
    many = (parameters[0].expand(20_000, 12), *parameters[1:])
    drawn = LIKELIHOODS[name].draw(many, torch_generator(0))
    distribution = LIKELIHOODS[name].distribution(parameters)
    error = (distribution.variance / len(drawn)).sqrt()
    assert bool(((drawn.mean(0) - distribution.mean).abs() <= quantile(12) * error).all())
    fourth = ((drawn - distribution.mean) ** 2).std(0) / len(drawn) ** 0.5
    spread = ((drawn - distribution.mean) ** 2).mean(0) - distribution.variance
    assert bool((spread.abs() <= quantile(12) * fourth).all())


def test_bernoulli_starts_at_the_clipped_mean_image():
    X = torch.tensor([[0.0, 1.0, 0.2], [0.0, 1.0, 0.6]], dtype=torch.float64)
    bias, scale = LIKELIHOODS["bernoulli"].start(X)
    np.testing.assert_allclose(bias, logit([0.001, 0.999, 0.4]), rtol=1e-12)
    assert scale is None


def test_laplace_starts_at_the_mean_and_the_mean_distance():
    X = torch.from_numpy(suitable("laplace"))
    bias, log_scale = LIKELIHOODS["laplace"].start(X)
    torch.testing.assert_close(bias, X.mean(0))
    np.testing.assert_allclose(log_scale.exp(), (X - X.mean(0)).abs().mean())
    assert LIKELIHOODS["laplace"].start(torch.ones(3, 2))[1].item() == 0.0


@pytest.mark.parametrize("name", LIKELIHOOD_NAMES)
def test_the_start_has_the_mean_image_as_its_mean(name):
    X = torch.from_numpy(grey())
    bias, log_scale = LIKELIHOODS[name].start(X)
    parameters = (bias,) if log_scale is None else (bias, log_scale)
    torch.testing.assert_close(LIKELIHOODS[name].mean(parameters), X.mean(0))


def test_gaussian_starts_at_the_mean_and_what_is_left():
    X = torch.from_numpy(suitable("gaussian"))
    bias, log_scale = LIKELIHOODS["gaussian"].start(X)
    torch.testing.assert_close(bias, X.mean(0))
    np.testing.assert_allclose(log_scale.exp(), (X - X.mean(0)).square().mean().sqrt())
    assert LIKELIHOODS["gaussian"].start(torch.ones(3, 2))[1].item() == 0.0


@pytest.mark.parametrize("name", ["bernoulli", "bernoulli-grey", "continuous-bernoulli"])
def test_pixels_outside_the_unit_interval_are_refused(name):
    with pytest.raises(InputError, match=r"\[0, 1\].*255.*divide"):
        LIKELIHOODS[name].check_training(torch.tensor([[0.0, 255.0]]))
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        LIKELIHOODS[name].check_scoring(torch.tensor([[-0.1, 1.0]]))


def test_only_the_named_convention_scores_grey_pixels():
    x = torch.from_numpy(grey())
    with pytest.raises(InputError, match=r"binarise.*'bernoulli-grey'"):
        LIKELIHOODS["bernoulli"].check_scoring(x)
    LIKELIHOODS["bernoulli-grey"].check_scoring(x)
    assert not LIKELIHOODS["bernoulli-grey"].is_density


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"'bernoulli', 'bernoulli-grey', .*'gaussian'.*'poisson'"):
        likelihood_named("poisson")
