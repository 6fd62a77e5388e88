"""What is there for speed changes no number: bits, the Bernoulli's gradient, Pyro's bound, jit."""

import numpy as np
import pyro.distributions as dist
import pytest
import torch
from pyro.infer import TraceMeanField_ELBO
from torch.distributions import Independent, Normal, kl_divergence

from suite.errors import InputError
from suite.random import default_noise_from, torch_generator
from suite.vae import PyroVAE, VAEModel
from suite.vae.likelihoods import LIKELIHOODS, BitStream
from suite.vae.likelihoods.bernoulli import BitsFromLogits
from suite.vae.mean_field import ClosedFormELBO
from suite.vae.pyro_normal import IndependentNormal, StandardNormal
from tests.vae.toys import LIKELIHOOD_NAMES, grey, quantile, suitable, tiny_networks

SETTINGS = {"hidden_dims": (8,), "batch_size": 25, "max_epochs": 3, "random_state": 0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(100_001,), (7, 3), (1, 1)])
def test_bits_come_with_the_probability_asked_for(dtype, shape):
    for p in (0.0, 1 / 255, 0.3, 0.5, 254 / 255, 1.0):
        drawn = BitStream(1).redraw(torch.full(shape, p, dtype=dtype))
        assert drawn.dtype == dtype
        assert drawn.shape == shape
        assert set(drawn.unique().tolist()) <= {0.0, 1.0}
        if p in (0, 1) or drawn.numel() > 1000:
            # One count more, for binomials near 0 and 1 are not quite normal.
            spread = (p * (1 - p) / drawn.numel()) ** 0.5
            allowed = quantile(100) * spread + 1 / drawn.numel() * (0 < p < 1)
            assert abs(float(drawn.double().mean()) - p) <= allowed


def test_bits_are_independent_of_their_neighbours_and_of_the_next_draw():
    stream = BitStream(0)
    first, second = (stream.redraw(torch.full((200_000,), 0.5)) - 0.5 for _ in range(2))
    for a, b in ((first[1:], first[:-1]), (first[2:], first[:-2]), (first, second)):
        assert abs(float((4 * a * b).mean())) <= quantile(3) / len(b) ** 0.5


def test_a_stream_of_bits_goes_on_from_its_state():
    stream, x = BitStream(3), torch.full((11, 5), 0.5)
    start = stream.redraw(x)
    state = stream.get_state()
    expected = [stream.redraw(x) for _ in range(3)]
    later = BitStream(4)
    later.set_state(state)
    assert all(torch.equal(later.redraw(x), bits) for bits in expected)
    assert torch.equal(BitStream(3).redraw(x), start)
    assert stream.initial_seed() == 3
    assert not torch.equal(BitStream(4).redraw(x), start)


def test_the_bernoulli_written_out_has_the_derivatives_that_it_should():
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.random((3, 5))).requires_grad_()
    logits = torch.from_numpy(3 * rng.normal(size=(3, 5))).requires_grad_()

    def log_prob(x, logits):
        return LIKELIHOODS["bernoulli"].log_prob(x, (logits,))

    assert torch.autograd.gradcheck(log_prob, (x, logits))
    assert torch.autograd.gradgradcheck(log_prob, (x, logits))
    bits = x.detach().round()
    expected = Independent(torch.distributions.Bernoulli(logits=logits), 1).log_prob(bits)
    torch.testing.assert_close(log_prob(bits, logits), expected, rtol=1e-12, atol=0)


def test_pyros_bits_are_independent_bernoullis():
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 6)))
    mine, theirs = BitsFromLogits(logits), dist.Bernoulli(logits=logits).to_event(1)
    assert (mine.batch_shape, mine.event_shape) == (theirs.batch_shape, theirs.event_shape)
    torch.testing.assert_close(mine.mean, theirs.mean)
    torch.testing.assert_close(mine.variance, theirs.variance)
    wide = mine.expand((2, 4))
    assert wide.batch_shape == (2, 4)
    assert wide.event_shape == (6,)
    drawn = mine.sample((3,))
    assert drawn.shape == (3, 4, 6)
    torch.testing.assert_close(wide.log_prob(drawn[0]), theirs.expand((2, 4)).log_prob(drawn[0]))


def test_pyros_normals_are_independent_normals():
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 4, 6)))
    loc, other_loc, at = values[:3]
    scale, other_scale = values[3:].exp()
    mine, theirs = IndependentNormal(loc, scale), Independent(Normal(loc, scale), 1)
    assert (mine.batch_shape, mine.event_shape) == (theirs.batch_shape, theirs.event_shape)
    close = {"rtol": 1e-12, "atol": 1e-12}
    torch.testing.assert_close(mine.log_prob(at), theirs.log_prob(at), **close)
    torch.testing.assert_close(mine.variance, theirs.variance, **close)
    p = IndependentNormal(other_loc, other_scale)
    expected = kl_divergence(theirs, Independent(Normal(other_loc, other_scale), 1))
    torch.testing.assert_close(kl_divergence(mine, p), expected, **close)
    zero, one = torch.zeros_like(loc), torch.ones_like(loc)
    expected = kl_divergence(theirs, Independent(Normal(zero, one), 1))
    torch.testing.assert_close(kl_divergence(mine, StandardNormal(zero, one)), expected, **close)
    assert mine.expand((2, 4)).rsample((3,)).shape == (3, 2, 4, 6)


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
@pytest.mark.parametrize("particles", [1, 3])
def test_the_lean_bound_is_pyros_in_value_and_gradient(likelihood, particles):
    networks = tiny_networks(likelihood=likelihood)
    model = VAEModel(networks, register=False, kl_weight=0.5)
    x = torch.from_numpy(suitable(likelihood))
    found = []
    for bound in (ClosedFormELBO, TraceMeanField_ELBO):
        networks.zero_grad()
        elbo = bound(particles, max_plate_nesting=1, vectorize_particles=particles > 1)
        with default_noise_from(torch_generator(0)):
            loss = elbo.differentiable_loss(model.model, model.guide, x)
        loss.backward()
        found.append([loss.detach(), *(weight.grad for weight in networks.parameters())])
    for mine, pyros in zip(*found, strict=True):
        scale = float(pyros.abs().max())
        torch.testing.assert_close(mine, pyros, rtol=1e-12, atol=1e-12 * scale)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"objective": "sampled", "kl_warm_up": 2},
        {"objective": "importance-weighted", "n_particles": 3},
        {"likelihood": "continuous-bernoulli"},
    ],
)
def test_the_traced_loss_takes_the_same_steps(settings):
    # 60 rows by twenty-fives: the last minibatch is smaller, and so traced for itself.
    plain, traced = (
        PyroVAE(2, jit=jit, dtype="float64", **SETTINGS, **settings).fit(grey())
        for jit in (False, True)
    )
    np.testing.assert_allclose(traced.objectives_, plain.objectives_, rtol=1e-12)
    for mine, theirs in zip(
        traced.networks_.parameters(), plain.networks_.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("settings", [{"steps": "textbook"}, {"compile": True}])
def test_jit_is_refused_where_it_cannot_be(settings):
    with pytest.raises(InputError, match="jit=True traces the loss that steps='fused' takes"):
        PyroVAE(2, jit=True, **settings).fit(grey())
