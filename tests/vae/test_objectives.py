"""Every bound that a VAE can be trained to: against its definition, and by hand against Pyro."""

import numpy as np
import pyro
import pytest
import torch
from pyro.infer import RenyiELBO
from torch.distributions import Normal, kl_divergence

from suite.random import default_noise_from, torch_generator
from suite.vae import PyroVAE, TorchVAE, VAEModel, pyro_vae, torch_vae
from suite.vae.objectives import OBJECTIVES
from tests.vae.toys import LIKELIHOOD_NAMES, bits, grey, suitable, tiny_networks


def gradients(networks, loss):
    networks.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in networks.parameters()]


def assert_equal_gradients(found, expected, rtol=1e-9):
    for mine, theirs in zip(found, expected, strict=True):
        # Relative to the largest entry: a sum that cancels has no digits of its own.
        torch.testing.assert_close(mine, theirs, rtol=rtol, atol=rtol * float(theirs.abs().max()))


def by_definition(networks, x, noise, objective, n_particles, kl_weight):
    """The bound as `suite.vae.objectives` writes it, with torch's and Pyro's distributions."""
    loc, scale = networks.encode(x)
    epsilon = torch.randn((n_particles, *loc.shape), generator=noise, dtype=torch.float64)
    z = loc + scale * epsilon
    prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
    likelihood = torch.stack(
        [networks.likelihood.distribution(networks.decode(one)).log_prob(x) for one in z]
    )
    if objective == "mean-field":
        divergence = kl_divergence(Normal(loc, scale), prior).sum(-1)
        return -(likelihood.mean(0) - kl_weight * divergence).mean()
    ratio = (prior.log_prob(z) - Normal(loc, scale).log_prob(z)).sum(-1)
    log_w = likelihood + kl_weight * ratio
    if objective == "sampled":
        return -log_w.mean()
    return -(log_w.logsumexp(0) - np.log(n_particles)).mean()


@pytest.mark.parametrize("kl_weight", [1.0, 0.3])
@pytest.mark.parametrize("n_particles", [1, 4])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_value_and_gradient_are_the_definitions_and_pyros(
    likelihood, objective, n_particles, kl_weight
):
    networks = tiny_networks(likelihood=likelihood)
    x = torch.from_numpy(suitable(likelihood, n=20))
    chosen = {"objective": objective, "n_particles": n_particles, "kl_weight": kl_weight}
    expected = by_definition(networks, x, torch_generator(0), **chosen)
    noise = [torch_generator(0) for _ in range(2)]
    by_hand = torch_vae.negative_elbo(networks, x, noise[0], **chosen)
    with_pyro = pyro_vae.negative_elbo(VAEModel(networks, register=False), x, noise[1], **chosen)
    np.testing.assert_allclose(by_hand.item(), expected.item(), rtol=1e-12)
    np.testing.assert_allclose(with_pyro.item(), expected.item(), rtol=1e-12)
    assert torch.equal(noise[0].get_state(), noise[1].get_state())
    exact = gradients(networks, expected)
    assert_equal_gradients(gradients(networks, by_hand), exact)
    assert_equal_gradients(gradients(networks, with_pyro), exact)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_the_importance_weighted_objective_is_renyis_of_order_zero(likelihood, together):
    """`RenyiELBO` as Pyro ships it, which keeps to its parameter store and calls backward."""
    networks = tiny_networks(likelihood=likelihood)
    # torch draws normals by sixteens: one particle after the other is all together for 16 rows.
    x = torch.from_numpy(suitable(likelihood, n=16))
    model = VAEModel(networks)
    theirs = RenyiELBO(alpha=0, num_particles=4, max_plate_nesting=1, vectorize_particles=together)
    networks.zero_grad()
    with pyro.get_param_store().scope(), default_noise_from(torch_generator(0)):
        value = theirs.loss_and_grads(model.model, model.guide, x) / len(x)
    expected = [parameter.grad / len(x) for parameter in networks.parameters()]
    loss = torch_vae.negative_elbo(
        networks, x, torch_generator(0), objective="importance-weighted", n_particles=4
    )
    np.testing.assert_allclose(loss.item(), value, rtol=1e-12)
    assert_equal_gradients(gradients(networks, loss), expected)


def test_bounds_tighten_with_the_number_of_particles():
    """In expectation, and here over 20,000 draws of each, by more than their errors."""
    networks = tiny_networks()
    x = torch.from_numpy(bits(1)).expand(20_000, -1)
    found = []
    for k in (1, 5, 50):
        chosen = {"objective": "importance-weighted", "n_particles": k}
        with torch.no_grad():
            found.append(-torch_vae.negative_elbo(networks, x, torch_generator(k), **chosen))
    sampled = -torch_vae.negative_elbo(networks, x, torch_generator(1), objective="sampled")
    assert found[0].item() == pytest.approx(sampled.item(), rel=1e-12)
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous-bernoulli"])
def test_twins_take_the_same_steps(objective, likelihood):
    settings = {
        "hidden_dims": (16,),
        "likelihood": likelihood,
        "objective": objective,
        "n_particles": 3,
        "kl_warm_up": 3,
        "schedule": "cosine",
        "batch_size": 30,
        "max_epochs": 6,
        "random_state": 0,
        "dtype": "float64",
    }
    by_hand, with_pyro = (twin(3, **settings).fit(grey(200)) for twin in (TorchVAE, PyroVAE))
    np.testing.assert_allclose(by_hand.elbos_, with_pyro.elbos_, rtol=1e-8)
    pairs = zip(by_hand.networks_.parameters(), with_pyro.networks_.parameters(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_textbook_form_takes_the_same_steps_and_leaves_the_store(objective):
    settings = {
        "hidden_dims": (16,),
        "objective": objective,
        "n_particles": 2,
        "batch_size": 40,
        "max_epochs": 3,
        "schedule": "cosine",
        "kl_warm_up": 2,
        "random_state": 0,
        "dtype": "float64",
    }
    pyro.clear_param_store()
    pyro.param("mine", torch.tensor(1.0))
    try:
        fused = PyroVAE(3, **settings).fit(grey(200))
        textbook = PyroVAE(3, steps="textbook", validate=True, **settings).fit(grey(200))
        assert dict(pyro.get_param_store()) == {"mine": torch.tensor(1.0)}
    finally:
        pyro.clear_param_store()
    np.testing.assert_allclose(textbook.elbos_, fused.elbos_, rtol=1e-8)
    for a, b in zip(textbook.networks_.parameters(), fused.networks_.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-8)


def test_a_warm_up_weighs_the_divergence():
    """With a learning rate that moves nothing, epoch e's objective has the divergence e/4 times."""
    settings = {"hidden_dims": (8,), "batch_size": 60, "learning_rate": 1e-300, "random_state": 0}
    warm = TorchVAE(3, kl_warm_up=4, max_epochs=6, dtype="float64", **settings)
    # Away from the start, where the divergence is small.
    warm.set_params(initial=tiny_networks(d=12, j=3).state_dict()).fit(bits(60))
    networks, x = warm.networks_, torch.from_numpy(bits(60))
    with torch.no_grad():
        divergence = float(torch_vae.kl_from_prior(*networks.encode(x)).mean())
    constant = TorchVAE(3, max_epochs=6, dtype="float64", **settings)
    constant.set_params(initial=tiny_networks(d=12, j=3).state_dict()).fit(bits(60))
    gained = np.subtract(warm.elbos_, constant.elbos_)
    expected = divergence * np.array([3 / 4, 2 / 4, 1 / 4, 0, 0, 0])
    np.testing.assert_allclose(gained, expected, rtol=1e-9, atol=1e-12)
