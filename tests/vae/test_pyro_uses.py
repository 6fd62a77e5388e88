"""`VAEModel` in a Pyro program of one's own: plates, networks, a weight of the divergence."""

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI, Predictive, RenyiELBO, Trace_ELBO, TraceMeanField_ELBO
from torch import nn

from suite.random import default_noise_from, torch_generator
from suite.vae import VAEModel, VAENetworks, torch_vae
from suite.vae.networks import copy_weights
from tests.vae.toys import LIKELIHOOD_NAMES, bits, grey, quantile, suitable, tiny_networks


@pytest.fixture(autouse=True)
def own_store():
    """A store for each test, and the one before it untouched."""
    with pyro.get_param_store().scope():
        yield


def optimizer():
    return pyro.optim.Adam({"lr": 0.02})


def gradients(networks):
    return [parameter.grad.clone() for parameter in networks.parameters()]


@pytest.mark.parametrize("kl_weight", [1.0, 0.25])
@pytest.mark.parametrize(("elbo", "objective"), [
    (Trace_ELBO, "sampled"),
    (TraceMeanField_ELBO, "mean-field"),
])  # fmt: skip
@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_loss_and_gradient_of_pyros_bounds_are_those_by_hand(
    likelihood, elbo, objective, kl_weight
):
    vae = VAEModel(tiny_networks(likelihood=likelihood), kl_weight=kl_weight)
    x = torch.from_numpy(suitable(likelihood))
    vae.networks.zero_grad()
    with default_noise_from(torch_generator(0)):
        loss = elbo().loss_and_grads(vae.model, vae.guide, x)
    theirs = gradients(vae.networks)
    vae.networks.zero_grad()
    by_hand = len(x) * torch_vae.negative_elbo(
        vae.networks, x, torch_generator(0), objective=objective, kl_weight=kl_weight
    )
    by_hand.backward()
    np.testing.assert_allclose(loss, by_hand.item(), rtol=1e-12)
    for mine, pyros in zip(gradients(vae.networks), theirs, strict=True):
        torch.testing.assert_close(mine, pyros, rtol=1e-9, atol=1e-9 * float(pyros.abs().max()))


def test_a_plate_draws_rows_and_scales_them_to_all():
    """Every log density is N/B times that of the rows drawn, which model and guide share."""
    vae = VAEModel(tiny_networks())
    X = torch.from_numpy(bits(40))
    with default_noise_from(torch_generator(0)):
        trace = poutine.trace(vae.guide).get_trace(X, subsample_size=10)
        index = trace.nodes["data"]["value"]
        replayed = poutine.trace(poutine.replay(vae.model, trace=trace)).get_trace(
            X, subsample_size=10
        )
    assert len(index) == 10
    assert torch.equal(replayed.nodes["x"]["value"], X[index])
    z = trace.nodes["z"]["value"]
    with torch.no_grad():
        loc, scale = vae.networks.encode(X[index])
        log_p = vae.networks.log_likelihood(X[index], z)
        standard = torch.distributions.Normal(torch.zeros_like(z), torch.ones_like(z))
        log_p = log_p + standard.log_prob(z).sum(-1)
        log_q = torch.distributions.Normal(loc, scale).log_prob(z).sum(-1)
    np.testing.assert_allclose(replayed.log_prob_sum().item(), 4 * log_p.sum(), rtol=1e-12)
    np.testing.assert_allclose(trace.log_prob_sum().item(), 4 * log_q.sum(), rtol=1e-12)


def test_the_bound_of_subsamples_is_unbiased():
    vae = VAEModel(tiny_networks())
    X = torch.from_numpy(bits(40))
    elbo = TraceMeanField_ELBO()
    with default_noise_from(torch_generator(0)), torch.no_grad():
        parts = [elbo.loss(vae.model, vae.guide, X, subsample_size=10) for _ in range(300)]
        whole = [elbo.loss(vae.model, vae.guide, X) for _ in range(100)]
    error = np.hypot(np.std(parts) / 300**0.5, np.std(whole) / 100**0.5)
    assert abs(np.mean(parts) - np.mean(whole)) <= quantile(1) * error


@pytest.mark.parametrize(
    "elbo",
    [Trace_ELBO(), TraceMeanField_ELBO(), RenyiELBO(num_particles=2)],
    ids=lambda elbo: type(elbo).__name__,
)
def test_svi_learns_from_subsamples(elbo):
    vae = VAEModel(tiny_networks())
    X = torch.from_numpy(bits(200))
    before = copy_weights(vae.networks)
    svi = SVI(vae.model, vae.guide, optimizer(), elbo)
    losses = [svi.step(X, subsample_size=50) for _ in range(60)]
    assert np.mean(losses[-20:]) < np.mean(losses[:20])
    for name, weight in vae.networks.state_dict().items():
        assert not torch.equal(weight, before[name]), name


class Halves(nn.Module):
    """An encoder of one's own: the first two pixels are the mean, 0.1 is the scale."""

    def forward(self, x):
        return x[..., :2], torch.full_like(x[..., :2], 0.1)


class Levels(nn.Module):
    """A decoder of one's own, in the form that `VAENetworks` takes: a tuple of parameters."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 4, dtype=torch.float64)

    def forward(self, z):
        return (self.layer(z),)


def test_networks_and_data_of_ones_own_in_every_algorithm():
    networks = VAENetworks(
        Halves(), Levels(), n_features=4, latent_dim=2, likelihood="continuous-bernoulli"
    )
    vae = VAEModel(networks)
    x = torch.from_numpy(grey(30, 4))
    for elbo in (Trace_ELBO(), TraceMeanField_ELBO(), RenyiELBO(num_particles=2)):
        before = networks.decoder.layer.weight.detach().clone()
        SVI(vae.model, vae.guide, optimizer(), elbo).step(x)
        assert not torch.equal(networks.decoder.layer.weight, before)
    drawn = Predictive(vae.model, num_samples=3)(n=5)
    assert drawn["x"].shape == (3, 5, 4)
    assert bool(((drawn["x"] >= 0) & (drawn["x"] <= 1)).all())
    posterior = Predictive(vae.guide, num_samples=2000)(x)["z"].reshape(2000, 30, 2)
    error = 0.1 / 2000**0.5
    assert bool(((posterior.mean(0) - x[:, :2]).abs() <= quantile(60) * error).all())


def test_a_model_can_be_part_of_a_larger_program():
    """A global offset, learned together with the networks; both sites are in the trace."""
    vae = VAEModel(tiny_networks(likelihood="gaussian"))
    x = torch.from_numpy(suitable("gaussian", n=20))

    def model(x):
        offset = pyro.sample("offset", pyro.distributions.Normal(torch.zeros(()).double(), 1.0))
        return vae.model(x - offset)

    def guide(x):
        loc = pyro.param("offset_loc", torch.zeros((), dtype=torch.float64))
        offset = pyro.sample("offset", pyro.distributions.Normal(loc, 0.1))
        return vae.guide(x - offset)

    svi = SVI(model, guide, optimizer(), Trace_ELBO())
    losses = [svi.step(x) for _ in range(100)]
    assert np.mean(losses[-20:]) < np.mean(losses[:20])
    assert pyro.param("offset_loc").item() != 0


def test_nothing_is_left_outside_a_scope():
    """Two scopes, two models of one name: neither sees the other, and the store stays empty."""
    x = torch.from_numpy(bits(16))
    with pyro.get_param_store().scope():
        for seed in (0, 1):
            with pyro.get_param_store().scope():
                vae = VAEModel(tiny_networks(seed=seed), name="mine")
                SVI(vae.model, vae.guide, optimizer(), TraceMeanField_ELBO()).step(x)
                assert len(pyro.get_param_store()) == len(list(vae.networks.parameters()))
        assert len(pyro.get_param_store()) == 0
