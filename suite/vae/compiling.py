"""torch.compile, with an error that says what to do where there is no compiler."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from suite.errors import InputError
from suite.vae.function_module import FunctionModule
from suite.vae.learner import trained_weights
from suite.vae.networks import VAENetworks

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def compiled(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
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
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        try:
            value: Value = fast(*args, **kwargs)
        except BackendCompilerFailed as error:
            raise InputError(
                "compile=True needs a C++ compiler that torch.compile can call, and that failed "
                f"({type(error.inner_exception).__name__}); install one, or use compile=False."
            ) from error
        return value

    return call


def compiled_slope(
    function: Callable[..., Tensor], networks: VAENetworks
) -> Callable[..., tuple[Tensor, Sequence[Tensor]]]:
    """`function(networks, *inputs)` and its gradient by the weights, compiled as one graph.

    Compiled apart, forward and backward pass meet in torch's automatic differentiation, which
    keeps what it needs from one for the other and goes through it op by op.

    Parameters
    ----------
    function
        Scalar; without branches on values.
    networks
        Without buffers, as the suite's own are. Their weights are read anew at each call.
    """
    module = FunctionModule(networks, lambda *inputs: function(networks, *inputs))
    names, parameters = zip(*trained_weights(module).items(), strict=True)
    weights = tuple(parameter.detach() for parameter in parameters)

    def slope(weights: tuple[Tensor, ...], *inputs: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        def of(weights: tuple[Tensor, ...]) -> Tensor:
            value: Tensor = functional_call(module, dict(zip(names, weights, strict=True)), inputs)
            return value

        return grad_and_value(of)(weights)

    fast = compiled(slope)

    def call(*inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        with torch.no_grad():
            gradients, value = fast(weights, *inputs)
        return value, gradients

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
