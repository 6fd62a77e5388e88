"""Convolutions against sums written out, and the decoder's against the encoder's transpose."""

import numpy as np
import pytest
import torch
from torch import nn

from suite.errors import InputError
from suite.random import torch_generator
from suite.vae import Autoencoder, PyroVAE, TorchVAE, build_networks
from suite.vae.building import picture_shapes
from suite.vae.convolutions import Convolutions, Deconvolutions
from suite.vae.networks import start_output
from tests.vae.toys import grey

SHAPES = [(2, 7, 6), (3, 3, 3)]


def test_a_convolution_is_its_sum():
    layer = Convolutions(SHAPES, nn.Tanh, torch_generator(0))
    x = torch.randn((5, 84), generator=torch_generator(1), dtype=torch.float64)
    kernel = layer.layers[0].weight.detach().numpy()
    padded = np.pad(x.reshape(5, 2, 7, 6).numpy(), [(0, 0), (0, 0), (1, 2), (1, 1)])
    expected = np.zeros((5, 3, 3, 3))
    for row in range(3):
        for column in range(3):
            window = padded[:, :, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
            expected[:, :, row, column] = np.einsum("ncij,kcij->nk", window, kernel)
    found = layer(x).detach().numpy()
    np.testing.assert_allclose(found, np.tanh(expected).reshape(5, -1), rtol=1e-12, atol=1e-12)
    several = layer(x.reshape(5, 1, 84)).detach().numpy()
    np.testing.assert_array_equal(several[:, 0], found)


def test_the_decoders_is_the_transpose():
    """⟨conv(x), y⟩ = ⟨x, deconv(y)⟩ for equal kernels, also where a side is odd."""
    forwards = Convolutions(SHAPES, nn.Identity, torch_generator(0))
    backwards = Deconvolutions(SHAPES, nn.Identity, torch_generator(0))
    with torch.no_grad():
        backwards.layers[0].weight.copy_(forwards.layers[0].weight)
        x = torch.randn((5, 84), generator=torch_generator(1), dtype=torch.float64)
        y = torch.randn((5, 27), generator=torch_generator(2), dtype=torch.float64)
        left, right = (forwards(x) * y).sum(1), (x * backwards(y)).sum(1)
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("n_features", "channels", "image_shape"),
    [
        (784, (4, 6), None),
        (784, (4, 6, 8), None),
        (3 * 7 * 5, (4, 4), (3, 7, 5)),
        (63, (2,), (9, 7)),
    ],
)
def test_pictures_of_any_shape_go_in_and_come_out(n_features, channels, image_shape):
    networks = build_networks(
        n_features, 3, hidden_dims=(10,), channels=channels, image_shape=image_shape,
        generator=torch_generator(0),
    )  # fmt: skip
    x = torch.from_numpy(grey(4, n_features)).float()
    loc, scale = networks.encode(x)
    assert loc.shape == scale.shape == (4, 3)
    assert networks.decode(loc)[0].shape == x.shape
    assert networks.log_likelihood(x[:, None], loc[:, None].expand(4, 6, 3)).shape == (4, 6)


def test_the_decoder_starts_at_the_mean_picture():
    networks = build_networks(
        64, 3, hidden_dims=(8,), channels=(2, 3), generator=torch_generator(0), dtype=torch.float64
    )
    X = torch.from_numpy(grey(60, 64))
    start_output(networks, X)
    with torch.no_grad():
        for weight in networks.decoder.output.layers.parameters():
            weight.zero_()
        mean = networks.likelihood.mean(networks.decode(torch.zeros(1, 3).double()))
    torch.testing.assert_close(mean[0], X.mean(0))


def test_a_bar_is_found_wherever_it_is():
    """A picture of one bar, which a code of two dimensions must tell from 16 others."""
    X = np.zeros((16, 8, 8))
    for place in range(8):
        X[place, place] = X[8 + place, :, place] = 1
    X = np.repeat(X.reshape(16, 64), 10, axis=0)
    model = Autoencoder(
        2, hidden_dims=(32,), channels=(8,), max_epochs=40, batch_size=32, learning_rate=0.01,
        random_state=0,
    ).fit(X)  # fmt: skip
    start = np.square(X - X.mean(0)).mean()
    assert np.square(X - model.reconstruct(X)).mean() < 0.2 * start


def test_twins_save_load_and_take_the_same_steps(tmp_path):
    settings = {
        "hidden_dims": (8,), "channels": [2, 3], "image_shape": [8, 6], "max_epochs": 2,
        "batch_size": 20, "random_state": 0, "dtype": "float64", "n_particles": 2,
    }  # fmt: skip
    X = grey(60, 48)
    by_hand, with_pyro = (twin(2, **settings).fit(X) for twin in (TorchVAE, PyroVAE))
    np.testing.assert_allclose(by_hand.elbos_, with_pyro.elbos_, rtol=1e-9)
    by_hand.save(tmp_path / "model")
    again = TorchVAE.load(tmp_path / "model")
    np.testing.assert_array_equal(again.reconstruct(X), by_hand.reconstruct(X))


@pytest.mark.parametrize(
    ("n_features", "channels", "image_shape", "message"),
    [
        (12, (4,), None, r"12 columns for a shape of \(3, 3\); give image_shape"),
        (12, (4,), (5, 2), r"12 columns for a shape of \(5, 2\)"),
        (16, (4, 4, 4), None, "a picture of 4 × 4 cannot be halved 3 times"),
    ],
)
def test_rows_that_are_no_such_pictures(n_features, channels, image_shape, message):
    with pytest.raises(InputError, match=message):
        picture_shapes(n_features, channels, image_shape)
    with pytest.raises(InputError, match=message):
        TorchVAE(3, channels=channels, image_shape=image_shape).fit(grey(20, n_features))
