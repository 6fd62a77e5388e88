"""Who takes the steps of an epoch: losses, gradients and the optimizer's memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor, nn

from suite.vae.optimizers import OptimizerSetting, make_optimizer

Loss = Callable[[Tensor, float], Tensor]
"""A minibatch (B, D) and the weight of the divergence (1 but in a warm-up) -> the scalar to be
minimised, in nats per datum."""

Slope = Callable[[Tensor, float], tuple[Tensor, Sequence[Tensor | None]]]
"""As a `Loss`, which comes with its gradient by each weight that is trained, in the order of
`trained_weights`; None where it does not depend on one."""


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


class GradientLearner:
    """One optimizer over all weights: see `suite.vae.optimizers`.

    Parameters
    ----------
    module
        Whose parameters are changed, in place.
    slope
        Of what is minimised, as `by_autograd` makes it of a loss.
    optimizer
        A name of `suite.vae.optimizers.OPTIMIZERS`, or a function from the weights to an optimizer.
    session
        Entered for each epoch, so that what a loss needs around it is not set up at every step.
    """

    def __init__(
        self,
        module: nn.Module,
        slope: Slope,
        *,
        optimizer: OptimizerSetting = "adam",
        session: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._optimizer = make_optimizer(optimizer, trained_weights(module))
        self._slope = slope
        self._session = session

    def epoch(self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float) -> float:
        """See `Learner.epoch`."""
        losses, sizes = [], []
        with self._session():
            for x in batches:
                value, gradients = self._slope(x, kl_weight)
                self._optimizer.step(gradients, learning_rate=learning_rate)
                losses.append(value)
                sizes.append(len(x))
        return mean_loss(losses, sizes)

    def state(self) -> dict[str, Tensor]:
        """See `Learner.state`: the optimizer's."""
        return self._optimizer.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Learner.load_state`."""
        self._optimizer.load_state(state)


def trained_weights(module: nn.Module) -> dict[str, Tensor]:
    """The parameters of a module that ask for a gradient, by name."""
    return {name: value for name, value in module.named_parameters() if value.requires_grad}


def by_autograd(loss: Loss, module: nn.Module) -> Slope:
    """`loss` with its gradient by the trained weights of `module`, by torch."""
    parameters = list(trained_weights(module).values())

    @torch.enable_grad()
    def slope(x: Tensor, kl_weight: float) -> tuple[Tensor, tuple[Tensor | None, ...]]:
        value = loss(x, kl_weight)
        return value.detach(), torch.autograd.grad(value, parameters, allow_unused=True)

    return slope


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
