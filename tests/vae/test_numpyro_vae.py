"""The NumPyro VAE is its twins: one objective, one start, one stream of noise, the same steps."""

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the extra 'numpyro' is not installed")

import jax
import jax.numpy as jnp
import torch

from suite.data import load
from suite.errors import InputError
from suite.evaluation.parity_vae import vae_parity
from suite.vae import LIKELIHOODS, TorchVAE
from suite.vae.building import ACTIVATIONS
from suite.vae.numpyro_program import DISTRIBUTIONS
from suite.vae.numpyro_vae import NumPyroVAE
from tests.vae.toys import bits, grey, suitable, tiny_networks

TWINS = (TorchVAE, NumPyroVAE)
SMALL = {"hidden_dims": (8,), "max_epochs": 3, "batch_size": 16, "random_state": 0}

# Six decades above the rounding of float64: what test_twins.py allows hand and Pyro too.
FIRST_STEP = 1e-9
AFTER_MANY_STEPS = 1e-6


def assert_same_weights(one, other, tolerance):
    pairs = zip(one.networks_.parameters(), other.networks_.parameters(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("likelihood", "activation"),
    [(likelihood, "tanh") for likelihood in DISTRIBUTIONS]
    + [("bernoulli", activation) for activation in ACTIVATIONS],
)
def test_bound_and_gradient_are_those_of_the_twin_by_hand(likelihood, activation):
    settings = {
        "hidden_dims": (8, 5),
        "likelihood": likelihood,
        "activation": activation,
        "dtype": "float64",
    }
    networks = tiny_networks(likelihood=likelihood, activation=activation, hidden_dims=(8, 5))
    X, start = suitable(likelihood), networks.state_dict()
    by_hand, with_numpyro = (
        twin(3, **settings).objective_at(X, start, random_state=3) for twin in TWINS
    )
    np.testing.assert_allclose(with_numpyro.objective, by_hand.objective, rtol=FIRST_STEP)
    assert with_numpyro.gradient.keys() == by_hand.gradient.keys() == start.keys()
    for name, slope in by_hand.gradient.items():
        size = np.abs(slope).max()
        assert size > 0
        np.testing.assert_allclose(with_numpyro.gradient[name], slope, atol=FIRST_STEP * size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_passes_the_parity_gate(dtype):
    networks = tiny_networks().to(getattr(torch, dtype))
    estimator = NumPyroVAE(3, hidden_dims=(8,), activation="tanh", dtype=dtype)
    found = vae_parity(estimator, networks, bits())
    assert [one.outcome for one in found] == ["agrees"] * 4


@pytest.mark.parametrize(
    "settings",
    [
        {},  # grey pixels, redrawn as bits
        {"likelihood": "bernoulli-grey", "schedule": "cosine", "kl_warm_up": 3},
        {"likelihood": "gaussian", "objective": "sampled"},
        {"hidden_dims": ()},
    ],
)
def test_equal_losses_and_weights_after_200_steps(settings):
    fixed = {"batch_size": 20, "max_epochs": 20, "random_state": 0, "dtype": "float64"}
    by_hand, with_numpyro = (
        twin(3, **({"hidden_dims": (16,)} | settings | fixed)).fit(grey(200)) for twin in TWINS
    )
    assert by_hand.elbos_[-1] != by_hand.elbos_[0]
    np.testing.assert_allclose(with_numpyro.elbos_, by_hand.elbos_, rtol=AFTER_MANY_STEPS)
    assert_same_weights(with_numpyro, by_hand, AFTER_MANY_STEPS)
    for name, start in by_hand.initial_.items():
        assert torch.equal(with_numpyro.initial_[name], start)


@pytest.mark.parametrize("batch_size", [1, 59, 100])
def test_every_size_of_minibatch_and_number_of_them(batch_size):
    settings = SMALL | {"batch_size": batch_size, "max_epochs": 2, "dtype": "float64"}
    by_hand, with_numpyro = (twin(3, **settings).fit(bits(60)) for twin in TWINS)
    np.testing.assert_allclose(with_numpyro.elbos_, by_hand.elbos_, rtol=AFTER_MANY_STEPS)
    assert_same_weights(with_numpyro, by_hand, AFTER_MANY_STEPS)


def test_real_images_in_single_precision_stay_on_the_twins_path():
    X = load("mnist").train[:256]
    settings = {"hidden_dims": (32,), "max_epochs": 12, "batch_size": 64, "learning_rate": 0.01}
    by_hand, with_numpyro = (twin(5, random_state=0, **settings).fit(X) for twin in TWINS)
    assert by_hand.elbos_[-1] > by_hand.elbos_[0] + 1
    n_steps, terms = 48, 784 + 32 + 5 + 32 + 784
    # A bound is a sum of that many terms, of which the rounding is below 4 √n ε (Higham and Mary,
    # 2019), and each step's slope is off by as much: what they move it by adds up over the steps.
    rounding = 4 * np.sqrt(terms) * np.finfo(np.float32).eps
    np.testing.assert_allclose(with_numpyro.elbos_, by_hand.elbos_, rtol=n_steps * rounding)
    # A weight whose slope is rounding alone may go either way, by the learning rate a step; all
    # together they are apart by little of the way that they have gone.
    gone, apart = 0.0, 0.0
    pairs = zip(with_numpyro.networks_.state_dict().items(), by_hand.initial_.items(), strict=True)
    for (name, weight), (_, start) in pairs:
        twin = by_hand.networks_.state_dict()[name]
        assert float((weight - twin).abs().max()) <= 2 * n_steps * 0.01
        apart += float((weight - twin).square().sum())
        gone += float((twin - start).square().sum())
    assert np.sqrt(apart / gone) < n_steps * rounding


def test_an_interrupted_fit_goes_on_as_if_it_had_not_been(tmp_path):
    whole = NumPyroVAE(3, **SMALL | {"max_epochs": 4}).fit(grey())
    path = tmp_path / "unfinished"

    def interrupt(progress):
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NumPyroVAE(3, **SMALL | {"max_epochs": 4}).fit(grey(), checkpoint=path, callback=interrupt)
    resumed = NumPyroVAE(3, **SMALL | {"max_epochs": 4}).fit(grey(), checkpoint=path)
    assert resumed.elbos_ == whole.elbos_
    assert_same_weights(resumed, whole, 0.0)


def test_settings_of_jax_are_left_as_they_are_for_everybody_else():
    def look(progress):
        seen.append((jax.config.jax_enable_x64, jnp.ones(1).dtype))

    seen = []
    NumPyroVAE(3, **SMALL, dtype="float64").fit(bits(), callback=look)
    assert seen == [(False, jnp.float32)] * 3
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": (2,), "image_shape": (3, 4)}, "perceptrons with ReLU.*Deconvolutions"),
        ({"objective": "importance-weighted"}, "objective='mean-field' or 'sampled' with"),
        ({"n_particles": 2}, "n_particles=1, got 'mean-field' with 2; take"),
        ({"optimizer": "soap"}, "takes NumPyro's Adam, got optimizer='soap'; give"),
        ({"average": 0.9}, "averages no weights, got average=0.9; give average=None"),
    ],
)
def test_what_it_cannot_do_is_refused_in_words(settings, message):
    with pytest.raises(InputError, match=message):
        NumPyroVAE(3, **SMALL | settings).fit(bits())


def test_every_likelihood_of_the_table_is_here_and_a_new_one_is_refused(monkeypatch):
    assert set(DISTRIBUTIONS) == set(LIKELIHOODS)
    monkeypatch.delitem(DISTRIBUTIONS, "gaussian")
    with pytest.raises(InputError, match=r"has the likelihoods 'bernoulli', .*got 'gaussian'"):
        NumPyroVAE(3, **SMALL, likelihood="gaussian").fit(bits())


def test_compiling_is_told_and_is_done_once_for_a_shape():
    estimator = NumPyroVAE(2, **SMALL | {"hidden_dims": (7,)})
    assert estimator.fit(bits()).compile_seconds_ > 0
    assert estimator.fit(bits()).compile_seconds_ == 0
