"""torch.compile, with an error that says what to do where there is no compiler."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

import torch
from torch import Tensor, nn

from suite.errors import InputError
from suite.vae.networks import VAENetworks

Arguments = ParamSpec("Arguments")


def compiled(function: Callable[Arguments, Tensor]) -> Callable[Arguments, Tensor]:
    """`function`, compiled for each shape that it meets when it is first called with it.

    Its numbers are the same up to rounding.

    Raises
    ------
    InputError
        In its first call, if this machine cannot compile.
    """
    from torch._dynamo.exc import BackendCompilerFailed

    fast: Callable[..., Any] = torch.compile(function, dynamic=False)

    @wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Tensor:
        try:
            value: Tensor = fast(*args, **kwargs)
        except BackendCompilerFailed as error:
            raise InputError(
                "compile=True needs a C++ compiler that torch.compile can call, and that failed "
                f"({type(error.inner_exception).__name__}); install one, or use compile=False."
            ) from error
        return value

    return call


def seconds_compiling() -> float:
    """How long this process has spent in torch.compile so far, forward and backward, by its word.

    torch compiles when a function is first called with a shape, and its gradient when that is first
    asked for; no clock around either call would tell compiling from computing.
    """
    from torch._dynamo.utils import calculate_time_spent

    return calculate_time_spent()["total_wall_time"]


def compiled_networks(networks: VAENetworks) -> VAENetworks:
    """The same weights behind a compiled encoder and a compiled decoder."""
    encoder, decoder = (
        cast(nn.Module, torch.compile(part, dynamic=False))
        for part in (networks.encoder, networks.decoder)
    )
    return VAENetworks(
        encoder,
        decoder,
        n_features=networks.n_features,
        latent_dim=networks.latent_dim,
        likelihood=networks.likelihood_name,
        variational=networks.variational,
    )
