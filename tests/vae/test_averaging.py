"""Averaged weights: their closed form on a known path, and that no step is changed by them."""

import numpy as np
import pytest
import torch
from torch import nn

from suite.errors import InputError
from suite.vae import Autoencoder, PyroVAE, TorchVAE
from suite.vae.averaging import AveragingLearner
from tests.vae.toys import bits, grey

SETTINGS = {"hidden_dims": (8,), "batch_size": 25, "random_state": 0, "dtype": "float64"}


class AlongAPath:
    """A learner that sets its module's weight to each minibatch in turn."""

    def __init__(self, module):
        self.module = module
        self.found = []

    @torch.no_grad()
    def epoch(self, batches, *, learning_rate, kl_weight):
        for x in batches:
            self.found.append(self.module.weight.clone())
            self.module.weight.copy_(x)
        return 0.0

    def state(self):
        return {"own": torch.tensor(7)}

    def load_state(self, state):
        assert set(state) == {"own"}


def walk(decay=0.9, lengths=(3, 4)):
    """The learner, its module and the path w_1, …, w_T after epochs of these lengths."""
    module = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    learner = AlongAPath(module)
    averaging = AveragingLearner(learner, module, decay=decay)
    path = torch.from_numpy(np.random.default_rng(0).normal(size=(sum(lengths), 1, 2)))
    for epoch in path.split(lengths):
        averaging.epoch(epoch, learning_rate=1.0, kl_weight=1.0)
    return averaging, learner, path


def test_the_average_is_its_closed_form():
    _, learner, path = walk()
    shares = 0.9 ** np.arange(len(path))[::-1]
    expected = np.average(path.numpy(), axis=0, weights=shares)
    np.testing.assert_allclose(learner.module.weight.detach(), expected, rtol=1e-14)


def test_steps_start_where_the_last_one_ended():
    _, learner, path = walk()
    for found, before in zip(learner.found[1:], path, strict=False):
        assert torch.equal(found, before)


def test_its_state_goes_on_from_there():
    averaging, learner, path = walk(lengths=(3, 4))
    once = learner.module.weight.detach().clone()
    half, first, _ = walk(lengths=(3,))
    later = AlongAPath(nn.Linear(2, 1, bias=False, dtype=torch.float64))
    again = AveragingLearner(later, later.module, decay=0.9)
    later.module.load_state_dict(first.module.state_dict())
    again.load_state(half.state())
    again.epoch(path[3:], learning_rate=1.0, kl_weight=1.0)
    assert torch.equal(later.module.weight.detach(), once)
    assert again.state().keys() == averaging.state().keys()


@pytest.mark.parametrize("estimator", [TorchVAE, PyroVAE, Autoencoder])
def test_no_step_is_changed_and_one_step_is_its_own_average(estimator):
    plain, averaged = (
        estimator(2, max_epochs=3, average=average, **SETTINGS).fit(grey())
        for average in (None, 0.99)
    )
    assert plain.objectives_ == averaged.objectives_
    plain, averaged = (
        estimator(2, max_epochs=1, average=average, **SETTINGS | {"batch_size": 60}).fit(grey())
        for average in (None, 0.5)
    )
    for one, other in zip(
        plain.networks_.parameters(), averaged.networks_.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_the_average_of_a_fit_is_that_of_its_epochs_where_one_step_makes_one():
    path = []

    def note(progress):
        path.append([weight.detach().clone() for weight in progress.state().parameters()])

    settings = SETTINGS | {"batch_size": 60, "max_epochs": 4}
    TorchVAE(2, **settings).fit(bits(), callback=note)
    found = TorchVAE(2, average=0.5, **settings).fit(bits()).networks_
    for *steps, weight in zip(*path, found.parameters(), strict=True):
        expected = sum(w * s for w, s in zip((1, 2, 4, 8), steps, strict=True)) / 15
        torch.testing.assert_close(weight.detach(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("average", [0, 1, 1.5, "0.9", True])
def test_a_decay_out_of_range_is_refused(average):
    with pytest.raises(InputError, match="average must be a number between 0 and 1, got"):
        TorchVAE(2, average=average).fit(bits())
