import numpy as np
import pytest
import torch
from torch import nn

from suite.errors import InputError
from suite.random import torch_generator
from suite.vae import VAENetworks, build_networks
from suite.vae.networks import copy_weights, load_weights, start_output
from tests.vae.toys import bits, grey, quantile, tiny_networks

ACTIVATIONS = {
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
    "softplus": lambda a: np.log1p(np.exp(a)),
}


def test_the_posterior_starts_with_the_priors_spread():
    networks = build_networks(12, 3, hidden_dims=(), generator=torch_generator(0))
    _, scale = networks.encode(100 * torch.from_numpy(bits()).float())
    assert bool((scale == 1).all())


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden_dims", [(), (8,), (8, 5)])
def test_forward_pass_by_hand(activation, hidden_dims):
    networks = tiny_networks(hidden_dims=hidden_dims, activation=activation)
    weights = {name: value.numpy() for name, value in copy_weights(networks).items()}

    def affine(name, a):
        return a @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def trunk(part, a):
        for layer in range(len(hidden_dims)):
            a = ACTIVATIONS[activation](affine(f"{part}.trunk.{2 * layer}", a))
        return a

    x = bits()
    hidden = trunk("encoder", x)
    with torch.no_grad():
        loc, scale = networks.encode(torch.from_numpy(x))
        (logits,) = networks.decode(loc)
    np.testing.assert_allclose(loc, affine("encoder.loc", hidden), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(scale, np.exp(affine("encoder.log_scale", hidden)), rtol=1e-10)
    expected = affine("decoder.output", trunk("decoder", loc.numpy()))
    np.testing.assert_allclose(logits, expected, rtol=1e-10, atol=1e-12)


def test_the_decoder_mirrors_the_encoder():
    networks = build_networks(12, 3, hidden_dims=(8, 5), generator=torch_generator(0))
    shapes = {name: tuple(w.shape) for name, w in networks.named_parameters() if w.ndim == 2}
    assert shapes == {
        "encoder.trunk.0.weight": (8, 12),
        "encoder.trunk.2.weight": (5, 8),
        "encoder.loc.weight": (3, 5),
        "encoder.log_scale.weight": (3, 5),
        "decoder.trunk.0.weight": (5, 3),
        "decoder.trunk.2.weight": (8, 5),
        "decoder.output.weight": (12, 8),
    }


def test_weights_are_glorot_uniform_and_the_rest_is_zero():
    networks = build_networks(300, 20, hidden_dims=(200,), generator=torch_generator(0))
    for name, weight in networks.named_parameters():
        if weight.ndim == 1 or "log_scale" in name:
            assert not weight.any(), name
            continue
        limit = (6 / sum(weight.shape)) ** 0.5
        assert float(weight.detach().abs().max()) <= limit
        # A square of a uniform on ±limit has mean limit²/3 and variance 4 limit⁴/45.
        error = (4 / 45 / weight.numel()) ** 0.5 * limit**2
        mean_square = float(weight.detach().square().mean())
        assert abs(mean_square - limit**2 / 3) <= quantile(5) * error, name


def test_a_seed_gives_one_start_in_every_precision_and_leaves_the_global_stream():
    before = torch.get_rng_state()
    single, double = (
        build_networks(12, 3, generator=torch_generator(5), dtype=dtype)
        for dtype in (torch.float32, torch.float64)
    )
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(single.parameters(), double.parameters(), strict=True):
        assert a.dtype == torch.float32
        assert b.dtype == torch.float64
        assert torch.equal(a, b.float())


def test_the_output_starts_at_the_mean_image():
    networks = build_networks(12, 3, generator=torch_generator(0), dtype=torch.float64)
    X = torch.from_numpy(grey())
    start_output(networks, X)
    with torch.no_grad():
        networks.decoder.output.weight.zero_()
        mean = networks.likelihood.mean(networks.decode(torch.zeros(1, 3).double()))
    torch.testing.assert_close(mean[0], X.mean(0))


def test_modules_of_ones_own():
    class Halves(nn.Module):
        def forward(self, x):
            return x[..., :2], torch.ones_like(x[..., :2])

    class Logits(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 4, dtype=torch.float64)

        def forward(self, z):
            return (self.layer(z),)

    networks = VAENetworks(Halves(), Logits(), n_features=4, latent_dim=2, likelihood="bernoulli")
    x = torch.from_numpy(bits(5, 4))
    assert networks.log_likelihood(x, networks.encode(x)[0]).shape == (5,)


def test_weights_travel_from_one_network_to_another():
    source, target = tiny_networks(seed=0), tiny_networks(seed=1)
    weights = copy_weights(source)
    load_weights(target, weights)
    for name, value in target.state_dict().items():
        assert torch.equal(value, weights[name])
    with torch.no_grad():
        next(source.parameters()).zero_()
    assert weights["encoder.trunk.0.weight"].any(), "the copy must not follow the networks"


def test_wrong_weights_are_refused_and_nothing_changes():
    networks = tiny_networks()
    before = copy_weights(networks)
    without = {name: value for name, value in before.items() if name != "encoder.loc.bias"}
    infinite = before | {"encoder.loc.bias": torch.full((3,), torch.inf)}
    wide = before | {"encoder.loc.bias": torch.zeros(4)}
    for wrong, message in [
        (without, "state dict with the names"),
        (7, "state dict with the names"),
        (wide, r"encoder.loc.bias.*shape \(3,\), got shape \(4,\)"),
        (infinite, "must be finite"),
    ]:
        with pytest.raises(InputError, match=message):
            load_weights(networks, wrong)
    for name, value in networks.state_dict().items():
        assert torch.equal(value, before[name])
