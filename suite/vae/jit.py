"""A loss of Pyro's, traced once by torch.jit: later steps run no Python of Pyro's."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from suite.vae.function_module import FunctionModule
from suite.vae.learner import Loss


class TracedLoss:
    """`loss`, traced by `torch.jit.trace` for each size of minibatch and each β that it meets.

    What `pyro.infer.JitTrace_ELBO` does, for weights that are not in Pyro's parameter store.
    (`JitTraceMeanField_ELBO.differentiable_loss` of Pyro 1.9 traces anew at each call.) Nothing
    is drawn from torch's default generator by tracing.

    Parameters
    ----------
    networks
        Whose weights the loss has.
    loss
        A minibatch (B, D) and β -> the scalar to be minimised.
    """

    def __init__(self, networks: nn.Module, loss: Loss) -> None:
        self._networks = networks
        self._loss = loss
        self._traced: dict[tuple[int, float], Callable[[Tensor], Tensor]] = {}

    def __call__(self, x: Tensor, kl_weight: float) -> Tensor:
        """See `suite.vae.learner.Loss`."""
        key = (len(x), kl_weight)
        if key not in self._traced:
            self._traced[key] = self._trace(x, kl_weight)
        return self._traced[key](x)

    def _trace(self, x: Tensor, kl_weight: float) -> Callable[[Tensor], Tensor]:
        module = FunctionModule(self._networks, lambda x: self._loss(x, kl_weight))
        devices = [x.device] if x.device.type == "cuda" else []
        with warnings.catch_warnings(), torch.random.fork_rng(devices=devices):
            # It warns of sizes that become constants: they are the key; and torch, that it prefers
            # torch.compile, which does not get through Pyro.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            traced: Callable[[Tensor], Tensor] = torch.jit.trace(module, (x,), check_trace=False)
        return traced
