"""The operations of a training step are those that torch counts, and their time is a time."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from studies import epoch_parts
from studies.epoch_parts import measure_epoch_parts
from studies.epoch_products import layers_of, measure_epoch_products, step_operations
from suite.random import torch_generator
from suite.vae import TorchVAE, VAENetworks, build_networks
from suite.vae.likelihoods import BitStream
from suite.vae.torch_vae import negative_elbo


@pytest.mark.parametrize("hidden_dims", [(), (7,), (9, 5)])
def test_the_formula_is_what_torch_counts(hidden_dims: tuple[int, ...]) -> None:
    networks = build_networks(12, 3, hidden_dims=hidden_dims, generator=torch_generator(0))
    x = torch.ones(6, 12)
    with FlopCounterMode(display=False) as counter:
        negative_elbo(networks, x, torch_generator(0)).backward()
    layers = layers_of(networks)
    assert layers is not None
    assert step_operations(layers, 6) == counter.get_total_flops()


def test_one_hidden_layer_each_way_by_the_stated_formula() -> None:
    networks = build_networks(784, 20, hidden_dims=(400,), generator=torch_generator(0))
    layers = layers_of(networks)
    assert layers is not None
    D, H, J, B = 784, 400, 20, 128
    weights = 2 * H * (D + J) + H * J
    assert step_operations(layers, B) == 2 * B * (3 * weights - D * H)


def test_other_networks_have_no_such_bound() -> None:
    generator = torch_generator(0)
    pictures = build_networks(16, 2, channels=(2,), hidden_dims=(4,), generator=generator)
    assert layers_of(pictures) is None
    own = TorchVAE(1, decoder=torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Linear(4, 6)))
    fitted = own.set_params(max_epochs=1).fit(torch.ones(4, 6))
    assert layers_of(fitted.networks_) is not None  # linear layers of one's own are products too


def test_times_and_rates_belong_together() -> None:
    networks = build_networks(20, 2, hidden_dims=(10,), generator=torch_generator(0))
    layers = layers_of(networks)
    assert layers is not None
    found = measure_epoch_products(layers, 90, 20)
    operations = step_operations(layers, 20) * 90 / 20
    assert found.seconds * found.rate == pytest.approx(operations)
    assert found.square_rate > found.rate


def small(likelihood: str = "bernoulli") -> VAENetworks:
    return build_networks(
        20, 2, hidden_dims=(10,), likelihood=likelihood, generator=torch_generator(0)
    )


def counted(monkeypatch: pytest.MonkeyPatch, X: torch.Tensor) -> tuple[list[torch.Tensor], float]:
    """What the parts of an epoch of minibatches of 20 redraw, with each call taken for a second."""
    drawn = []

    class Noted(BitStream):
        def redraw(self, x: torch.Tensor) -> torch.Tensor:
            drawn.append(x)
            return super().redraw(x)

    def once(work: Callable[[], object]) -> float:
        work()
        return 1.0

    monkeypatch.setattr(epoch_parts, "median_seconds", once)
    monkeypatch.setattr(epoch_parts, "BitStream", Noted)
    found = measure_epoch_parts(small(), X, 20)
    assert found.minibatches == 1  # a whole epoch is one call
    assert found.optimizer == found.likelihood
    return drawn, found.optimizer


def test_the_parts_are_those_of_all_steps_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    X = torch.rand(90, 20, generator=torch_generator(0))
    drawn, optimizer = counted(monkeypatch, X)
    assert optimizer == 4.5  # steps of 20 in 90 rows, the last of them by its rows
    assert [len(x) for x in drawn] == [20, 20, 20, 20, 10]
    seen = torch.cat(drawn)
    assert torch.equal(seen.sort(0).values, X.sort(0).values)
    assert not torch.equal(seen, X)  # in a random order


def test_bits_are_not_drawn_where_the_data_are_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, _ = counted(monkeypatch, (torch.rand(40, 20) > 0.5).float())
    assert drawn == []


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_timing_the_parts_leaves_the_networks_alone(likelihood: str) -> None:
    networks = small(likelihood)
    before = deepcopy(networks.state_dict())
    found = measure_epoch_parts(networks, torch.rand(60, 20), 20)
    assert min(found.optimizer, found.minibatches, found.likelihood) > 0
    assert all(torch.equal(value, before[name]) for name, value in networks.state_dict().items())
    assert all(weight.grad is None for weight in networks.parameters())
