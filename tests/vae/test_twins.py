"""By hand and with Pyro: one objective, one start, one stream of noise."""

import numpy as np
import pyro
import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from suite.random import torch_generator
from suite.vae import PyroVAE, TorchVAE, VAEModel, pyro_vae, torch_vae
from suite.vae.torch_vae import kl_from_prior
from tests.vae.toys import LIKELIHOOD_NAMES, bits, grey, suitable, tiny_networks

TWINS = [TorchVAE, PyroVAE]


def loss_and_gradients(twin, networks, x, seed=0):
    networks.zero_grad()
    noise = torch_generator(seed)
    if twin is TorchVAE:
        loss = torch_vae.negative_elbo(networks, x, noise)
    else:
        loss = pyro_vae.negative_elbo(VAEModel(networks, register=False), x, noise)
    loss.backward()
    return float(loss.detach()), [p.grad.clone() for p in networks.parameters()], noise


def test_kl_is_torchs():
    generator = torch_generator(0)
    loc = torch.randn((50, 4), generator=generator, dtype=torch.float64)
    scale = torch.randn((50, 4), generator=generator, dtype=torch.float64).exp()
    prior = Independent(Normal(torch.zeros_like(loc), torch.ones_like(loc)), 1)
    expected = kl_divergence(Independent(Normal(loc, scale), 1), prior)
    torch.testing.assert_close(kl_from_prior(loc, scale), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
@pytest.mark.parametrize("twin", TWINS)
def test_the_bound_is_what_its_definition_says(twin, likelihood):
    networks = tiny_networks(likelihood=likelihood)
    x = torch.from_numpy(suitable(likelihood))
    found, _, _ = loss_and_gradients(twin, networks, x)
    with torch.no_grad():
        loc, scale = networks.encode(x)
        epsilon = torch.randn(loc.shape, generator=torch_generator(0), dtype=torch.float64)
        p_x = networks.likelihood.distribution(networks.decode(loc + scale * epsilon))
        prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
        divergence = kl_divergence(Normal(loc, scale), prior).sum(1)
        expected = -(p_x.log_prob(x) - divergence).mean()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "softplus"])
def test_equal_loss_gradients_and_noise_at_the_first_step(likelihood, activation):
    networks = tiny_networks(likelihood=likelihood, activation=activation, hidden_dims=(8, 5))
    x = torch.from_numpy(suitable(likelihood))
    loss, gradients, noise = loss_and_gradients(TorchVAE, networks, x)
    pyros_loss, pyros_gradients, pyros_noise = loss_and_gradients(PyroVAE, networks, x)
    np.testing.assert_allclose(loss, pyros_loss, rtol=1e-9)
    for gradient, pyros in zip(gradients, pyros_gradients, strict=True):
        # Relative to the largest entry: a sum that cancels has no digits of its own.
        torch.testing.assert_close(gradient, pyros, rtol=1e-9, atol=1e-9 * float(pyros.abs().max()))
    assert torch.equal(noise.get_state(), pyros_noise.get_state())


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_equal_losses_and_weights_after_200_steps(likelihood):
    X = suitable(likelihood, n=200) if likelihood == "gaussian" else grey(200)  # redrawn bits
    settings = {
        "hidden_dims": (16,),
        "likelihood": likelihood,
        "batch_size": 20,
        "max_epochs": 20,
        "random_state": 0,
        "dtype": "float64",
    }
    by_hand, with_pyro = (twin(3, **settings).fit(X) for twin in TWINS)
    assert by_hand.elbos_[-1] > by_hand.elbos_[0]
    np.testing.assert_allclose(by_hand.elbos_, with_pyro.elbos_, rtol=1e-6)
    pairs = zip(by_hand.networks_.parameters(), with_pyro.networks_.parameters(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


def test_a_shared_start_overrules_the_seed_and_shifts_no_other_stream():
    settings = {"hidden_dims": (8,), "max_epochs": 2, "random_state": 1, "dtype": "float64"}
    start = TorchVAE(3, **settings | {"random_state": 7}).fit(bits()).initial_
    twins = [twin(3, initial=start, **settings).fit(bits()) for twin in TWINS]
    for twin in twins:
        assert all(torch.equal(start[name], twin.initial_[name]) for name in start)
    np.testing.assert_allclose(twins[0].elbos_, twins[1].elbos_, rtol=1e-12)
    own = TorchVAE(3, **settings).fit(bits())
    again = TorchVAE(3, initial=own.initial_, **settings).fit(bits())
    assert own.elbos_ == again.elbos_


@pytest.mark.parametrize("twin", TWINS)
def test_callbacks_cannot_disturb_the_noise(twin):
    def meddle(progress):
        torch.randn(3)
        torch.manual_seed(0)
        pyro.sample("z", pyro.distributions.Normal(0, 1))
        progress.state().zero_grad()
        return False

    settings = {"hidden_dims": (8,), "max_epochs": 4, "random_state": 1, "dtype": "float64"}
    before = torch.get_rng_state()
    disturbed = twin(3, **settings).fit(grey(), callback=meddle)
    torch.set_rng_state(before)
    assert disturbed.elbos_ == twin(3, **settings).fit(grey()).elbos_
