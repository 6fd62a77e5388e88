"""The operations of a training step are those that torch counts, and their time is a time."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from studies.epoch_products import layers_of, measure_epoch_products, step_operations
from suite.random import torch_generator
from suite.vae import TorchVAE, build_networks
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
