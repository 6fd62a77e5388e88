"""Who takes the steps of an epoch: losses, gradients and the optimizer's memory."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
import torch._dynamo  # torch.optim does so when first used: it takes a second, so not in a fit
from torch import Tensor, nn

Loss = Callable[[Tensor, float], Tensor]
"""A minibatch (B, D) and the weight of the divergence (1 but in a warm-up) -> the scalar to be
minimised, in nats per datum."""


class Learner(Protocol):
    """What `suite.vae.training.train` asks of whoever changes the weights."""

    def epoch(self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float) -> float:
        """One step per minibatch (B, D); the mean loss over data, in nats per datum.

        Each minibatch is scored by the weights that it found, before its own step.
        """

    def state(self) -> dict[str, Tensor]:
        """All that later epochs depend on beside the weights, as tensors on the CPU."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where `state` was taken."""


class AdamLearner:
    """One fused Adam (Kingma and Ba 2015) over all weights, by torch.

    Parameters
    ----------
    module
        Whose parameters are changed, in place.
    loss
        What is minimised.
    session
        Entered for each epoch, so that what a loss needs around it is not set up at every step.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        *,
        session: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._parameters = dict(module.named_parameters())
        self._optimizer = torch.optim.Adam(module.parameters(), fused=True)
        self._loss = loss
        self._session = session

    @torch.enable_grad()
    def epoch(self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float) -> float:
        """See `Learner.epoch`."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        losses, sizes = [], []
        with self._session():
            for x in batches:
                self._optimizer.zero_grad()
                value = self._loss(x, kl_weight)
                value.backward()
                self._optimizer.step()
                losses.append(value.detach())
                sizes.append(len(x))
        return mean_loss(losses, sizes)

    def state(self) -> dict[str, Tensor]:
        """See `Learner.state`: Adam's moments and step counts."""
        return {
            f"{name}/{part}": value.detach().cpu().clone()
            for name, parameter in self._parameters.items()
            for part, value in self._optimizer.state.get(parameter, {}).items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Learner.load_state`."""
        for key, value in state.items():
            name, _, part = key.rpartition("/")
            parameter = self._parameters[name]
            mine = self._optimizer.state[parameter]
            mine[part] = value.to(parameter.device, copy=True)


def mean_loss(losses: list[Tensor], sizes: list[int]) -> float:
    """The mean over data of the losses of minibatches of these sizes, in float64.

    Examples
    --------
    >>> mean_loss([torch.tensor(1.0), torch.tensor(4.0)], [2, 1])
    2.0
    """
    # One transfer an epoch: reading each loss as it comes would make an accelerator wait.
    per_batch = torch.stack(losses).cpu().double()
    weights = torch.tensor(sizes, dtype=torch.float64)
    return float((per_batch * weights).sum() / weights.sum())
