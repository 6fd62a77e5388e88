"""`VAEModel` in algorithms of `pyro.infer`, without this project's training loop."""

import copy

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI, Predictive, RenyiELBO, Trace_ELBO, TraceMeanField_ELBO

from suite.errors import InputError
from suite.evaluation import log_weights
from suite.random import default_noise_from, torch_generator
from suite.vae import PyroVAE, VAEModel, torch_vae
from suite.vae.networks import copy_weights
from tests.vae.toys import LIKELIHOOD_NAMES, bits, grey, quantile, suitable, tiny_networks


@pytest.fixture(autouse=True)
def clean_store():
    pyro.clear_param_store()
    yield
    pyro.clear_param_store()


def optimizer():
    return pyro.optim.Adam({"lr": 0.02})


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_the_mean_field_bound_is_the_one_by_hand(likelihood):
    vae = VAEModel(tiny_networks(likelihood=likelihood))
    x = torch.from_numpy(suitable(likelihood))
    with default_noise_from(torch_generator(0)):
        loss = SVI(vae.model, vae.guide, optimizer(), TraceMeanField_ELBO()).evaluate_loss(x)
    expected = torch_vae.negative_elbo(vae.networks, x, torch_generator(0))
    np.testing.assert_allclose(loss / len(x), expected.item(), rtol=1e-12)


def test_the_sampled_bound_is_the_sum_of_the_log_weights():
    vae = VAEModel(tiny_networks(j=20))
    x = torch.from_numpy(bits(1))
    with default_noise_from(torch_generator(0)):
        loss = SVI(vae.model, vae.guide, optimizer(), Trace_ELBO()).evaluate_loss(x)
    expected = -log_weights(vae.networks, x, 1, torch_generator(0)).sum()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-12)


def test_renyis_bound_at_order_zero_is_the_importance_weighted_one():
    vae = VAEModel(tiny_networks(j=20))
    x = torch.from_numpy(bits(1))
    particles = RenyiELBO(alpha=0, num_particles=8, vectorize_particles=True, max_plate_nesting=1)
    with default_noise_from(torch_generator(0)):
        loss = SVI(vae.model, vae.guide, optimizer(), particles).evaluate_loss(x)
    log_w = log_weights(vae.networks, x, 8, torch_generator(0))
    np.testing.assert_allclose(-loss, (log_w.logsumexp(0) - np.log(8)).item(), rtol=1e-12)


@pytest.mark.parametrize(
    "elbo",
    [Trace_ELBO(), TraceMeanField_ELBO(), RenyiELBO(num_particles=3)],
    ids=lambda elbo: type(elbo).__name__,
)
def test_svi_trains_every_weight(elbo):
    vae = VAEModel(tiny_networks())
    x = torch.from_numpy(bits(200))
    before = copy_weights(vae.networks)
    svi = SVI(vae.model, vae.guide, optimizer(), elbo)
    losses = [svi.step(x) for _ in range(60)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    for name, weight in vae.networks.state_dict().items():
        assert not torch.equal(weight, before[name]), name


def test_two_models_live_side_by_side():
    x = torch.from_numpy(bits())

    def trained(vaes):
        optimizers = [SVI(v.model, v.guide, optimizer(), TraceMeanField_ELBO()) for v in vaes]
        noises = [torch_generator(0) for _ in vaes]
        for _ in range(5):
            for svi, noise in zip(optimizers, noises, strict=True):
                with default_noise_from(noise):
                    svi.step(x)
        return [copy_weights(vae.networks) for vae in vaes]

    together = trained([VAEModel(tiny_networks(seed=seed)) for seed in (0, 1)])
    for seed in (0, 1):
        pyro.clear_param_store()
        (alone,) = trained([VAEModel(tiny_networks(seed=seed))])
        assert all(torch.equal(alone[name], together[seed][name]) for name in alone)


def test_two_sets_of_weights_under_one_name_are_refused():
    x = torch.from_numpy(bits())
    first = VAEModel(tiny_networks(seed=0), name="mine")
    first.model(x)
    for clash in (VAEModel(tiny_networks(seed=1), name="mine"), copy.deepcopy(first)):
        with pytest.raises(InputError, match=r"other weights under 'mine'.*another name"):
            clash.model(x)
    first.model(x)
    pyro.clear_param_store()
    VAEModel(tiny_networks(seed=1), name="mine").model(x)


def test_prior_predictive_draws_have_the_models_moments():
    networks = tiny_networks(5, 2, hidden_dims=(), likelihood="gaussian")
    vae = VAEModel(networks)
    with default_noise_from(torch_generator(0)):
        drawn = Predictive(vae.model, num_samples=1)(n=40_000)["x"][0].numpy()
    weights = {name: value.numpy() for name, value in copy_weights(networks).items()}
    W, log_scale = weights["decoder.output.weight"], weights["decoder.log_scale"]
    covariance = W @ W.T + np.exp(2 * log_scale) * np.eye(5)
    centred = drawn - weights["decoder.output.bias"]
    z = quantile(5 + 25)
    error = np.sqrt(np.diag(covariance) / len(drawn))
    assert (np.abs(centred.mean(0)) <= z * error).all()
    # Isserlis: the variance of x_i x_j is c_ii c_jj + c_ij².
    error = np.sqrt(
        (np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / len(drawn)
    )
    assert (np.abs(centred.T @ centred / len(drawn) - covariance) <= z * error).all()


def test_posterior_predictive_through_the_guide():
    vae = VAEModel(tiny_networks())
    x = torch.from_numpy(bits(6))
    predictive = Predictive(poutine.uncondition(vae.model), guide=vae.guide, num_samples=9)
    drawn = predictive(x)
    assert drawn["x"].shape == (9, 6, 12)
    assert set(drawn["x"].unique().tolist()) == {0.0, 1.0}


def test_posterior_predictive_codes_are_the_guides():
    vae = VAEModel(tiny_networks())
    x = torch.from_numpy(bits(6))
    drawn = Predictive(vae.guide, num_samples=20_000, parallel=True)(x)["z"]
    with torch.no_grad():
        loc, scale = vae.networks.encode(x)
    error = scale / len(drawn) ** 0.5
    assert bool(((drawn.reshape(-1, 6, 3).mean(0) - loc).abs() <= quantile(18) * error).all())


def test_the_model_observes_or_draws():
    vae = VAEModel(tiny_networks())
    x = torch.from_numpy(bits())
    assert torch.equal(vae.model(x), x)
    assert vae.model(n=4).shape == (4, 12)
    for arguments in ({}, {"x": x, "n": 4}):
        with pytest.raises(InputError, match="x=None and n rows"):
            vae.model(**arguments)


def test_unregistered_weights_stay_out_of_the_store():
    vae = VAEModel(tiny_networks(), register=False)
    x = torch.from_numpy(bits())
    TraceMeanField_ELBO().differentiable_loss(vae.model, vae.guide, x).backward()
    assert len(pyro.get_param_store()) == 0
    assert all(parameter.grad is not None for parameter in vae.networks.parameters())


CHECKS = ["distributions_pyro", "distributions_torch", "infer", "poutine"]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("checked", [False, True])
def test_fit_leaves_nothing_global_behind(fails, checked):
    with pyro.settings.context(**{f"validate_{name}": checked for name in CHECKS}):
        assert_fit_leaves_nothing_global_behind(fails)


def assert_fit_leaves_nothing_global_behind(fails):
    pyro.param("mine", torch.tensor(1.0))
    settings, stream = pyro.settings.get(), torch.get_rng_state()
    numpys = np.random.get_state()[1].copy()
    seen = []

    def callback(progress):
        seen.append(pyro.settings.get())
        if fails:
            raise RuntimeError("stop here")

    vae = PyroVAE(3, hidden_dims=(8,), max_epochs=2, random_state=0)
    if fails:
        with pytest.raises(RuntimeError, match="stop here"):
            vae.fit(grey(), callback=callback)
    else:
        vae.fit(grey(), callback=callback)
    assert dict(pyro.get_param_store()) == {"mine": torch.tensor(1.0)}
    assert pyro.settings.get() == settings
    assert all(inside == settings for inside in seen)
    assert torch.equal(stream, torch.get_rng_state())
    assert (numpys == np.random.get_state()[1]).all()
    assert torch.get_default_dtype() == torch.float32
