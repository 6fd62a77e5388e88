"""The training loop that the twins share, seen from the loss that it minimises."""

import torch

from suite.random import torch_generator
from suite.vae.course import Plan
from suite.vae.learner import GradientLearner, by_autograd
from suite.vae.streams import Streams, minibatches
from suite.vae.training import train
from tests.vae.toys import bits, grey, quantile, tiny_networks


def epochs_seen(likelihood, X, epochs=2):
    """What the loss is given, epoch after epoch, and the streams afterwards."""
    seen = []

    def loss(x, kl_weight):
        seen.append(x)
        return sum(weight.sum() for weight in networks.parameters()) * 0

    networks = tiny_networks(likelihood=likelihood)
    streams = Streams.from_random_state(0)
    plan = Plan(max_epochs=epochs, batch_size=25, learning_rate=1.0)
    train(
        networks,
        GradientLearner(networks, by_autograd(loss, networks)),
        X,
        plan=plan,
        streams=streams,
    )
    return torch.cat(seen).split(len(X)), streams


def in_order(X, epoch):
    """The rows of X in the order of the given epoch, counted from 0."""
    generator = Streams.from_random_state(0).order
    orders = [torch.cat(list(minibatches(len(X), 25, generator))) for _ in range(epoch + 1)]
    return X[orders[-1]]


def test_grey_pixels_are_redrawn_as_bits_in_each_epoch():
    X = torch.from_numpy(grey(60))
    epochs, _ = epochs_seen("bernoulli", X, epochs=400)
    assert torch.cat(epochs).unique().tolist() == [0.0, 1.0]
    certain = (in_order(X, 1) == 0) | (in_order(X, 1) == 1)
    assert torch.equal(epochs[1][certain], in_order(X, 1)[certain])
    generator = Streams.from_random_state(0).order
    total = torch.zeros_like(X)
    for epoch in epochs:
        rows = torch.cat(list(minibatches(len(X), 25, generator)))
        total[rows] += epoch
    error = (X * (1 - X) / len(epochs)).sqrt()
    # Binomial counts of 400 are near normal but for pixels near 0 and 1, hence one count more.
    allowed = quantile(X.numel()) * error + 1 / len(epochs)
    assert bool(((total / len(epochs) - X).abs() <= allowed).all())


def test_bits_and_the_grey_convention_are_used_as_they_are():
    for likelihood, data in (("bernoulli", bits()), ("bernoulli-grey", grey())):
        X = torch.from_numpy(data)
        epochs, streams = epochs_seen(likelihood, X)
        for number, epoch in enumerate(epochs):
            assert torch.equal(epoch, in_order(X, number))
        untouched = Streams.from_random_state(0).bits
        assert torch.equal(streams.bits.get_state(), untouched.get_state())


def test_each_epoch_sees_every_datum_once_in_a_new_order():
    generator = torch_generator(0)
    first, second = (list(minibatches(10, 4, generator)) for _ in range(2))
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(torch.cat(first).tolist()) == list(range(10))
    assert torch.cat(first).tolist() != torch.cat(second).tolist()


def test_streams_are_independent_of_each_other():
    a, b = Streams.from_random_state(3), Streams.from_random_state(3)
    names = ["weights", "order", "bits", "noise", "held_out"]
    for name in names:
        assert torch.equal(getattr(a, name).get_state(), getattr(b, name).get_state())
    assert len({getattr(a, name).initial_seed() for name in names}) == 5
