"""One way to build the networks of every estimator: perceptrons, and convolutions before them."""

import copy
import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import skip_init

from suite.errors import InputError
from suite.vae.convolutions import Convolutions, Deconvolutions
from suite.vae.likelihoods import likelihood_named
from suite.vae.networks import Decoder, Encoder, VAENetworks

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
"""What stands between two layers, by name."""


def build_networks(
    n_features: int,
    latent_dim: int,
    *,
    hidden_dims: Sequence[int] = (400,),
    activation: str = "relu",
    channels: Sequence[int] = (),
    image_shape: Sequence[int] | None = None,
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    likelihood: str = "bernoulli",
    variational: bool = True,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> VAENetworks:
    """Multilayer perceptrons D → hidden_dims → J and J → reversed hidden_dims → D.

    With `channels`, the encoder has convolutions before its perceptron and the decoder transposed
    ones after its own: one 4 × 4 kernel of stride 2 for each entry, which halves the picture. In
    place of either network a module of one's own is taken as it is.

    Weights are uniform on ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases 0; they are
    drawn in float64 on the CPU, so that a seed gives the same start in every precision and on
    every device. The layer that gives log scale starts at 0 throughout, so that q(z | x) has a
    standard deviation of 1 for every x: from Glorot weights its exponential is huge for some x,
    and a fit can spend thousands of steps on the way back.

    `hidden_dims=()` without channels gives an affine encoder and decoder.

    Parameters
    ----------
    n_features, latent_dim
        D and J.
    hidden_dims
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    activation
        A name in `suite.vae.building.ACTIVATIONS`.
    likelihood
        A name in `suite.vae.LIKELIHOODS`.
    variational
        False for a plain autoencoder, whose encoder has a code and no scale to speak of.
    dtype
        `torch.float32` or `torch.float64`.
    channels
        Widths of the convolutions, as (16, 32); () for none.
    image_shape
        (height, width) or (channels, height, width) of a row, for convolutions; None takes rows
        for square pictures of one channel.
    encoder
        x (…, D) -> (loc, scale), each (…, J), scale positive. It is copied.
    decoder
        z (…, J) -> (…, D): a logit or location for each feature. It is copied; a learned scale is
        added to it where the likelihood has one.
    generator
        A CPU generator; nothing else is drawn from.

    Raises
    ------
    InputError
        If the rows are no such pictures, or a picture is too small to be halved so often.

    Examples
    --------
    >>> networks = build_networks(784, 20, generator=torch.Generator().manual_seed(0))
    >>> loc, scale = networks.encode(torch.zeros(5, 784))
    >>> loc.shape, scale.shape, networks.log_likelihood(torch.zeros(5, 784), loc).shape
    (torch.Size([5, 20]), torch.Size([5, 20]), torch.Size([5]))
    """
    build = _Builder(generator, activation, n_features, latent_dim)
    if channels:
        build.shapes = picture_shapes(n_features, channels, image_shape)
    networks = VAENetworks(
        build.encoder(hidden_dims) if encoder is None else copy.deepcopy(encoder),
        build.decoder(hidden_dims, likelihood)
        if decoder is None
        else Decoder(copy.deepcopy(decoder), nn.Identity(), _log_scale(likelihood)),
        n_features=n_features,
        latent_dim=latent_dim,
        likelihood=likelihood,
        variational=variational,
    )
    return networks.to(dtype)


def picture_shapes(
    n_features: int, channels: Sequence[int], image_shape: Sequence[int] | None = None
) -> list[tuple[int, int, int]]:
    """(channels, height, width) before the first convolution and after each.

    Raises
    ------
    InputError
        If a row is no such picture, or one is too small to be halved so often.

    Examples
    --------
    >>> picture_shapes(784, (16, 32))
    [(1, 28, 28), (16, 14, 14), (32, 7, 7)]
    """
    side = math.isqrt(n_features)
    whole = (side, side) if image_shape is None else tuple(image_shape)
    depth, height, width = whole if len(whole) == 3 else (1, *whole)
    if depth * height * width != n_features:
        raise InputError(
            f"convolutions need rows that are pictures, got {n_features} columns for a shape of "
            f"{whole}; give image_shape=(height, width) or (channels, height, width)."
        )
    if min(height, width) < 2 ** len(channels):
        raise InputError(
            f"a picture of {height} × {width} cannot be halved {len(channels)} times; give fewer "
            "channels."
        )
    shapes = [(depth, height, width)]
    for step, deeper in enumerate(channels, start=1):
        shapes.append((deeper, height >> step, width >> step))
    return shapes


class _Builder:
    """Encoders and decoders whose weights come from one generator."""

    def __init__(
        self, generator: torch.Generator, activation: str, n_features: int, latent_dim: int
    ) -> None:
        self.generator = generator
        self.activation = ACTIVATIONS[activation]
        self.n_features = n_features
        self.latent_dim = latent_dim
        self.shapes: list[tuple[int, int, int]] = []

    def encoder(self, hidden_dims: Sequence[int]) -> Encoder:
        first: list[nn.Module] = []
        if self.shapes:
            first = [Convolutions(self.shapes, self.activation, self.generator)]
        n_inputs = math.prod(self.shapes[-1]) if self.shapes else self.n_features
        width = hidden_dims[-1] if hidden_dims else n_inputs
        trunk = nn.Sequential(*first, *self._perceptron((n_inputs, *hidden_dims)))
        return Encoder(
            trunk=trunk,
            loc=self._linear(width, self.latent_dim),
            log_scale=_zero_linear(width, self.latent_dim),
        )

    def decoder(self, hidden_dims: Sequence[int], likelihood: str) -> Decoder:
        layers = self._perceptron((self.latent_dim, *reversed(hidden_dims)))
        width = hidden_dims[0] if hidden_dims else self.latent_dim
        output: nn.Module
        if self.shapes:
            layers += self._perceptron((width, math.prod(self.shapes[-1])))
            output = Deconvolutions(self.shapes, self.activation, self.generator)
        else:
            output = self._linear(width, self.n_features)
        return Decoder(nn.Sequential(*layers), output, _log_scale(likelihood))

    def _perceptron(self, widths: Sequence[int]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [self._linear(fan_in, fan_out), self.activation()]
        return layers

    def _linear(self, fan_in: int, fan_out: int) -> nn.Linear:
        layer = _zero_linear(fan_in, fan_out)
        nn.init.xavier_uniform_(layer.weight, generator=self.generator)
        return layer


def _zero_linear(fan_in: int, fan_out: int) -> nn.Linear:
    layer: nn.Linear = skip_init(nn.Linear, fan_in, fan_out, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _log_scale(likelihood: str) -> torch.Tensor | None:
    learned = likelihood_named(likelihood).learned_scale
    return torch.zeros((), dtype=torch.float64) if learned else None
