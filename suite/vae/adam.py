"""Adam's steps by torch's fused kernel, without the bookkeeping of an optimizer object."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) over named weights, which it changes in place.

    The steps are those of `torch.optim.Adam(fused=True)`, to the last bit. That class looks up each
    weight's state, options, count and hooks at every step, which a step of a few milliseconds
    feels; here nothing but its kernel is called, and the steps are counted for all weights at once.

    Parameters
    ----------
    parameters
        Weights by name.

    Examples
    --------
    >>> weight = torch.zeros(2, requires_grad=True)
    >>> Adam({"weight": weight}).step([torch.tensor([1.0, -3.0])], learning_rate=0.5)
    >>> weight.detach()
    tensor([-0.5000,  0.5000])
    """

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        self._names = list(parameters)
        # Detached, since a leaf that asks for a gradient must not be changed in place.
        self._weights = [value.detach() for value in parameters.values()]
        self._count = torch.zeros((), device=next(iter(self._weights)).device)
        self._means = [torch.zeros_like(weight) for weight in self._weights]
        self._squares = [torch.zeros_like(weight) for weight in self._weights]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor | None], *, learning_rate: float) -> None:
        """One step; a weight without a gradient keeps its value and its moments.

        Parameters
        ----------
        gradients
            In the order of `parameters`.
        """
        state = zip(gradients, self._weights, self._means, self._squares, strict=True)
        used = [(laid_out_as(row[1], row[0]), *row[1:]) for row in state if row[0] is not None]
        slopes, weights, means, squares = map(list, zip(*used, strict=True))
        self._count += 1
        torch._fused_adam_(
            weights,
            slopes,
            means,
            squares,
            [],
            [self._count] * len(used),
            lr=learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Moments and the count of steps, on the CPU: what `load_state` takes."""
        return {name: value.cpu().clone() for name, value in self._state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where `state` was taken."""
        for name, value in self._state().items():
            value.copy_(state[name])

    def _state(self) -> dict[str, Tensor]:
        moments = {"exp_avg": self._means, "exp_avg_sq": self._squares}
        return {"step": self._count} | {
            f"{name}/{part}": value
            for part, values in moments.items()
            for name, value in zip(self._names, values, strict=True)
        }


def laid_out_as(weight: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with its numbers where the weight has them.

    Fused kernels read memory as it lies, and a gradient may be a view, of one number even.
    """
    if gradient.stride() == weight.stride():
        return gradient
    return torch.empty_like(weight).copy_(gradient)
