"""Adam's steps, against torch's own optimizer and against the paper's formula."""

import numpy as np
import torch

from suite.vae.adam import Adam
from suite.vae.learner import by_autograd, trained_weights
from tests.vae.toys import tiny_networks

RATES = [0.1, 0.1, 0.03, 0.01]


def weights_and_slopes():
    generator = torch.Generator().manual_seed(0)
    shapes = {"matrix": (5, 3), "vector": (40_000,), "scalar": ()}
    weights = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    slopes = [[torch.randn(w.shape, generator=generator) for w in weights.values()] for _ in RATES]
    return weights, slopes


def test_steps_are_those_of_torch_to_the_last_bit():
    weights, slopes = weights_and_slopes()
    mine = {name: value.clone().requires_grad_() for name, value in weights.items()}
    theirs = [value.clone().requires_grad_() for value in weights.values()]
    adam, reference = Adam(mine), torch.optim.Adam(theirs, fused=True)
    for rate, each in zip(RATES, slopes, strict=True):
        adam.step(each, learning_rate=rate)
        for group in reference.param_groups:
            group["lr"] = rate
        for weight, slope in zip(theirs, each, strict=True):
            weight.grad = slope
        reference.step()
    for found, expected in zip(mine.values(), theirs, strict=True):
        assert torch.equal(found, expected)
        assert found.grad is None


def test_steps_are_algorithm_1_of_the_paper():
    weights, slopes = weights_and_slopes()
    weight = weights["matrix"].double()
    expected, m, v = weight.numpy().copy(), 0.0, 0.0
    adam = Adam({"matrix": weight})
    for t, (rate, each) in enumerate(zip(RATES, slopes, strict=True), start=1):
        adam.step([each[0].double()], learning_rate=rate)
        g = each[0].double().numpy()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-12)


def test_gradients_may_be_views():
    weights = {name: torch.zeros(3, 2) for name in ("expanded", "transposed")}
    slopes = [torch.tensor(2.0).expand(3, 2), torch.arange(1.0, 7.0).reshape(2, 3).T]
    adam = Adam(weights)
    adam.step(slopes, learning_rate=0.5)
    state = adam.state()
    for name, slope in zip(weights, slopes, strict=True):
        torch.testing.assert_close(weights[name], torch.full((3, 2), -0.5))
        torch.testing.assert_close(state[f"{name}/exp_avg"], 0.1 * slope)


def test_a_weight_may_be_a_view_of_another_layout():
    whole = torch.arange(6.0).reshape(2, 3)
    mine, theirs = whole.clone().T.requires_grad_(), whole.clone().T.requires_grad_()
    adam, reference = Adam({"weight": mine}), torch.optim.Adam([theirs], lr=0.1, fused=True)
    for step in range(3):
        slope = torch.tensor([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0]]) * (1 + step)
        adam.step([slope], learning_rate=0.1)
        theirs.grad = torch.empty_like(theirs).copy_(slope)
        reference.step()
    assert torch.equal(mine, theirs)


def test_a_weight_without_a_gradient_stays():
    weights, (first, *_) = weights_and_slopes()
    kept = weights["vector"].clone()
    adam = Adam(weights)
    before = {name: value for name, value in adam.state().items() if name.startswith("vector")}
    adam.step([first[0], None, first[2]], learning_rate=0.1)
    assert torch.equal(weights["vector"], kept)
    after = adam.state()
    assert len(before) == 2
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not torch.equal(after["matrix/exp_avg"], torch.zeros(5, 3))


def test_what_is_loaded_goes_on_as_if_nothing_had_happened():
    weights, slopes = weights_and_slopes()
    whole = Adam(weights)
    for each in slopes[:2]:
        whole.step(each, learning_rate=0.1)
    copies = {name: value.clone() for name, value in weights.items()}
    resumed = Adam(copies)
    resumed.load_state(whole.state())
    for each in slopes[2:]:
        whole.step(each, learning_rate=0.1)
        resumed.step(each, learning_rate=0.1)
    assert all(torch.equal(copies[name], weights[name]) for name in weights)


def test_frozen_weights_are_not_trained():
    networks = tiny_networks()
    networks.encoder.loc.weight.requires_grad_(False)
    names = list(trained_weights(networks))
    assert "encoder.loc.weight" not in names
    assert "encoder.loc.bias" in names

    def loss(x, kl_weight):
        return kl_weight * networks.encode(x)[0].sum()

    value, slopes = by_autograd(loss, networks)(torch.ones(4, 12).double(), 0.5)
    found = dict(zip(names, slopes, strict=True))
    # Σ over 4 rows of β b_j: the slope by b_j is 4 β; the scale's weights have no part in it.
    torch.testing.assert_close(found["encoder.loc.bias"], torch.full((3,), 2.0).double())
    assert found["encoder.log_scale.bias"] is None
    assert not value.requires_grad
