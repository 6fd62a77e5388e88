"""The networks that both VAE twins and the plain autoencoder share."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from suite.errors import InputError
from suite.vae.likelihoods import Likelihood, Parameters, likelihood_named
from suite.vae.validation import as_tensor

StateDict = Mapping[str, Tensor]
"""Weights by name, as `VAENetworks.state_dict()` gives them."""


class Encoder(nn.Module):
    """x ↦ the mean and the standard deviation of q(z | x) = N(loc, diag(scale²))."""

    def __init__(self, trunk: nn.Module, loc: nn.Module, log_scale: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.loc = loc
        self.log_scale = log_scale

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(…, D) -> loc and scale, each (…, J)."""
        hidden = self.trunk(x)
        return self.loc(hidden), self.log_scale(hidden).exp()


class Decoder(nn.Module):
    """z ↦ the parameters of p(x | z): a location or logit per feature, and perhaps one scale.

    `output` ends in a `bias` of shape (D,) where the decoder is to start from the mean of the data.
    """

    def __init__(self, trunk: nn.Module, output: nn.Module, log_scale: Tensor | None) -> None:
        super().__init__()
        self.trunk = trunk
        self.output = output
        self.log_scale = None if log_scale is None else nn.Parameter(log_scale)

    def forward(self, z: Tensor) -> Parameters:
        """(…, J) -> the likelihood's parameters."""
        output = self.output(self.trunk(z))
        return (output,) if self.log_scale is None else (output, self.log_scale)


class VAENetworks(nn.Module):
    """An encoder, a decoder and the likelihood that the decoder's output stands for.

    Parameters
    ----------
    encoder
        x (…, D) -> (loc, scale), each (…, J), scale positive.
    decoder
        z (…, J) -> the likelihood's parameters.
    n_features, latent_dim
        D and J.
    likelihood
        A name in `suite.vae.likelihoods.LIKELIHOODS`.
    variational
        False for a plain autoencoder, whose code is `loc` and whose scale means nothing.

    Examples
    --------
    >>> features = {"n_features": 3, "latent_dim": 1}
    >>> encoder = Encoder(nn.Identity(), loc=nn.Linear(3, 1), log_scale=nn.Linear(3, 1))
    >>> decoder = Decoder(nn.Identity(), nn.Linear(1, 3), log_scale=None)
    >>> mine = VAENetworks(encoder, decoder, likelihood="bernoulli", variational=True, **features)
    >>> mine.log_likelihood(torch.zeros(5, 3), torch.zeros(5, 1)).shape
    torch.Size([5])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        n_features: int,
        latent_dim: int,
        likelihood: str,
        variational: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.n_features = n_features
        self.latent_dim = latent_dim
        self.likelihood_name = likelihood_named(likelihood).name
        self.variational = variational

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood p(x | z)."""
        return likelihood_named(self.likelihood_name)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are kept in."""
        return next(self.parameters()).dtype

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z | x): (…, D) -> two of (…, J)."""
        loc, scale = self.encoder(x)
        return loc, scale

    def decode(self, z: Tensor) -> Parameters:
        """The parameters of p(x | z): (…, J) -> see `suite.vae.likelihoods.Parameters`."""
        parameters: Parameters = self.decoder(z)
        return parameters

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) in nats, summed over features; batch dimensions broadcast."""
        return self.likelihood.log_prob(x, self.decode(z))

    def as_input(self, X: ArrayLike | Tensor) -> Tensor:
        """X checked and moved to where the networks are, for encoding.

        Raises
        ------
        InputError
            If X is no finite matrix of `n_features` columns, or not what was trained on in kind.
        """
        data = self._as_tensor(X)
        self.likelihood.check_training(data)
        return data

    def as_scored(self, X: ArrayLike | Tensor) -> Tensor:
        """X checked and moved to where the networks are, for scoring by the likelihood.

        Raises
        ------
        InputError
            As `as_input`, and if the likelihood gives such data no probability.
        """
        data = self._as_tensor(X)
        self.likelihood.check_scoring(data)
        return data

    def _as_tensor(self, X: ArrayLike | Tensor) -> Tensor:
        return as_tensor(X, dtype=self.dtype, device=self.device, n_features=self.n_features)


def start_output(networks: VAENetworks, X: Tensor) -> None:
    """Let the decoder start from the data's mean: its output bias and its scale, if it has them."""
    decoder = networks.decoder
    if not isinstance(decoder, Decoder):
        return
    bias, log_scale = networks.likelihood.start(X)
    with torch.no_grad():
        own_bias = getattr(decoder.output, "bias", None)
        if isinstance(own_bias, Tensor):
            own_bias.copy_(bias)
        if decoder.log_scale is not None and log_scale is not None:
            decoder.log_scale.copy_(log_scale)


def load_weights(networks: VAENetworks, weights: Mapping[str, ArrayLike | Tensor]) -> None:
    """Copy `weights` into `networks`.

    Raises
    ------
    InputError
        If a name is missing or unknown, a shape differs, or a value is not finite.
    """
    own = networks.state_dict()
    if not isinstance(weights, Mapping) or set(weights) != set(own):
        given = sorted(weights) if isinstance(weights, Mapping) else type(weights).__name__
        raise InputError(
            f"initial must be a state dict with the names {sorted(own)}, got {given}; take the "
            "initial_ of an estimator fitted with the same latent_dim, hidden_dims and likelihood."
        )
    tensors = {name: torch.as_tensor(np.asarray(value)) for name, value in weights.items()}
    for name, value in tensors.items():
        if value.shape != own[name].shape or not bool(value.isfinite().all()):
            raise InputError(
                f"initial[{name!r}] must be finite and of shape {tuple(own[name].shape)}, got "
                f"shape {tuple(value.shape)}; take the initial_ of an estimator fitted with the "
                "same settings to data of the same columns."
            )
    networks.load_state_dict(tensors)


def copy_weights(networks: VAENetworks) -> dict[str, Tensor]:
    """A copy of the weights, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in networks.state_dict().items()}
