"""Learning rates by epoch, and the end of a fit by held-out data."""

import math

import numpy as np
import pytest
import torch

from suite.errors import InputError
from suite.evaluation import evaluate_vae, reconstruction_error
from suite.vae import Autoencoder, AutoencoderWithMixture, PyroVAE, TorchVAE
from suite.vae.course import Course, Plan
from suite.vae.holding_out import hold_out
from suite.vae.learner import GradientLearner, by_autograd
from suite.vae.likelihoods import LIKELIHOODS
from suite.vae.schedules import factor_of
from suite.vae.streams import Streams
from suite.vae.training import train
from tests.vae.toys import bits, grey, tiny_networks

SMALL = {"hidden_dims": (8,), "batch_size": 20, "random_state": 0}


def test_burdas_schedule_is_3_to_the_i_epochs_at_each_rate():
    found = [1e-3 * factor_of("burda", 1)(epoch) for epoch in range(1, 3281)]
    expected = np.concatenate([np.full(3**i, 1e-3 * 10 ** (-i / 7)) for i in range(8)])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert factor_of("burda", 1)(5000) == factor_of("burda", 1)(3280)


def test_cosine_falls_from_one_to_nearly_nothing():
    factors = [factor_of("cosine", 4)(epoch) for epoch in (1, 2, 3, 4)]
    np.testing.assert_allclose(
        factors, [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2], rtol=1e-12
    )


@pytest.mark.parametrize("schedule", ["cosine", "burda", [(2, 0.5)], lambda epoch: 1 / epoch])
def test_each_epoch_is_taken_at_its_rate(schedule):
    class Spy(GradientLearner):
        rates = []  # noqa: RUF012

        def epoch(self, batches, *, learning_rate, kl_weight):
            Spy.rates.append(learning_rate)
            return super().epoch(batches, learning_rate=learning_rate, kl_weight=kl_weight)

    Spy.rates = []
    networks = tiny_networks()

    def loss(x, kl_weight):
        return networks.log_likelihood(x, networks.encode(x)[0]).sum()

    spy = Spy(networks, by_autograd(loss, networks))
    factor = factor_of(schedule, 5)
    plan = Plan(max_epochs=5, batch_size=60, learning_rate=1e-9, factor=factor)
    X = torch.from_numpy(bits())
    train(networks, spy, X, plan=plan, streams=Streams.from_random_state(0))
    assert spy.rates == [1e-9 * factor(epoch) for epoch in range(1, 6)]


def test_adams_first_step_is_as_long_as_the_rate():
    """|m̂/√v̂| is 1 at the first step, but for ε: each weight moves by the learning rate."""
    networks = tiny_networks()
    before = networks.encoder.loc.bias.detach().clone()
    loss = lambda x, kl_weight: networks.encode(x)[0].sum()  # noqa: E731
    learner = GradientLearner(networks, by_autograd(loss, networks))
    learner.epoch([torch.ones(5, 12).double()], learning_rate=0.01, kl_weight=1)
    moved = (networks.encoder.loc.bias.detach() - before).abs()
    torch.testing.assert_close(moved, torch.full((3,), 0.01).double(), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "schedule", ["linear", 3, [(1, 0.0)], [(1, math.inf)], [1, 2], [("a", 1.0)], None]
)
def test_what_is_no_schedule(schedule):
    with pytest.raises(InputError, match="schedule must be one of 'constant', 'cosine', 'burda'"):
        TorchVAE(3, **SMALL, schedule=schedule).fit(bits())


def test_held_out_rows_are_the_others_and_their_bits_are_drawn_once():
    X = torch.from_numpy(grey(50))
    rows, held_out = hold_out(X, 0.3, LIKELIHOODS["bernoulli-grey"], 7)
    assert (len(rows), len(held_out)) == (35, 15)
    together = torch.cat([rows, held_out])
    assert sorted(map(tuple, together.tolist())) == sorted(map(tuple, X.tolist()))
    drawn = [hold_out(X, 0.3, LIKELIHOODS["bernoulli"], 7) for _ in range(2)]
    assert torch.equal(drawn[0][1], drawn[1][1])
    assert set(drawn[0][1].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(drawn[0][0], rows)
    certain = (held_out == 0) | (held_out == 1)
    assert torch.equal(drawn[0][1][certain], held_out[certain])


@pytest.mark.parametrize("cls", [TorchVAE, PyroVAE, Autoencoder, AutoencoderWithMixture])
def test_it_stops_when_patience_ends_and_keeps_the_best_weights(cls):
    """Ten rows to learn from are soon learned by heart."""
    model = cls(
        3, **SMALL | {"hidden_dims": (30,)}, patience=3, validation_fraction=0.8,
        max_epochs=300, learning_rate=0.03, likelihood="bernoulli",
    )  # fmt: skip
    X = bits(50)
    model.fit(X)
    scores = model.held_out_scores_
    assert model.n_epochs_ == len(scores) == model.best_epoch_ + 3 < 300
    assert scores[model.best_epoch_ - 1] == max(scores) > scores[-1]
    assert scores[0] < max(scores)
    seed = Streams.from_random_state(0).held_out.initial_seed()
    _, held_out = hold_out(torch.from_numpy(X).float(), 0.8, LIKELIHOODS["bernoulli"], seed)
    if isinstance(model, Autoencoder):
        expected = -reconstruction_error(model.networks_, held_out).mean()
    else:
        expected = evaluate_vae(model.networks_, held_out, n_samples=1, random_state=0).mean_elbo
    assert max(scores) == pytest.approx(expected, rel=1e-12)


def test_without_patience_nothing_is_held_out():
    model = TorchVAE(3, **SMALL, max_epochs=2).fit(bits())
    assert model.held_out_scores_ == []
    assert model.best_epoch_ == 2


def test_the_course_counts_from_the_first_best_epoch():
    course = Course(objectives=[0.0] * 4, held_out=[1.0, 3.0, 3.0, 2.0])
    assert course.best_epoch == 2
    assert course.is_over(Plan(max_epochs=9, batch_size=1, learning_rate=1, patience=2))
    assert not course.is_over(Plan(max_epochs=9, batch_size=1, learning_rate=1, patience=3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "patience must be an integer of at least 1"),
        ({"patience": 1, "validation_fraction": 1.0}, "validation_fraction must be a number"),
        ({"patience": 1, "validation_fraction": 0.001}, "of 60 rows leaves 60 to learn from and 0"),
        ({"objective": "elbo"}, "objective must be 'mean-field' or 'sampled' or"),
        ({"n_particles": 0}, "n_particles"),
        ({"kl_warm_up": -1}, "kl_warm_up must be an integer of at least 0"),
    ],
)
@pytest.mark.parametrize("cls", [TorchVAE, PyroVAE])
def test_bad_settings(cls, settings, message):
    with pytest.raises(InputError, match=message):
        cls(3, **SMALL, **settings).fit(bits())


def test_steps_of_pyro_are_one_of_two():
    with pytest.raises(InputError, match="steps must be 'fused' or 'textbook', got 'jit'"):
        PyroVAE(3, steps="jit").fit(bits())
    with pytest.raises(InputError, match="compile=True needs steps='fused'"):
        PyroVAE(3, steps="textbook", compile=True).fit(bits())
