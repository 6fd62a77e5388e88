"""What the evaluation asks of a variational autoencoder, whoever made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.device import resolve_device

if TYPE_CHECKING:
    from suite.vae.likelihoods import Likelihood, Parameters


class LatentModel(Protocol):
    """z ~ N(0, I_J), x ~ p(x | z), q(z | x) = N(loc, diag(scale²)).

    `suite.vae.VAENetworks` is one: the `networks_` of `TorchVAE` and `PyroVAE` alike. Any other
    object with these names can be scored by everything here; it need not be trained by this suite.
    """

    latent_dim: int
    variational: bool
    """False for a plain autoencoder, which has no density and is refused."""

    @property
    def likelihood(self) -> "Likelihood":
        """The entry of `suite.vae.LIKELIHOODS` that names and draws from p(x | z)."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""

    def encode(self, x: Tensor, /) -> tuple[Tensor, Tensor]:
        """loc and scale of q(z | x): (…, D) -> two of (…, J)."""

    def decode(self, z: Tensor, /) -> "Parameters":
        """The parameters of p(x | z), from which the likelihood draws: (…, J) -> tensors."""

    def log_likelihood(self, x: Tensor, z: Tensor, /) -> Tensor:
        """log p(x | z) in nats, summed over features; batch dimensions broadcast."""

    def as_scored(self, X: ArrayLike | Tensor, /) -> Tensor:
        """X checked, in `dtype` and on `device`; `InputError` if it has no probability."""

    def to(self, device: torch.device, /) -> object:
        """Move to another device, in place."""


@contextmanager
def placed(networks: LatentModel, device: str | None) -> Iterator[None]:
    """Let `networks` be on `device` inside the block, and where they were afterwards.

    None leaves them where they are.

    Raises
    ------
    InputError
        If there is no such device.
    """
    if device is None:
        yield
        return
    home = networks.device
    networks.to(resolve_device(device))
    try:
        yield
    finally:
        networks.to(home)
