"""Who turns the gradients of a minibatch into a step: a table, and optimizers of one's own."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, Protocol

import torch
from torch import Tensor

from suite.errors import InputError
from suite.vae.adam import Adam, laid_out_as

OptimizerSetting = str | Callable[[Iterable[Tensor]], torch.optim.Optimizer]
"""A name of `OPTIMIZERS`, or a function from the weights to an optimizer of torch's kind."""


class Optimizer(Protocol):
    """What a learner asks of whoever changes the weights."""

    def step(self, gradients: Sequence[Tensor | None], *, learning_rate: float) -> None:
        """One step; a weight without a gradient keeps its value."""

    def state(self) -> dict[str, Tensor]:
        """All that later steps depend on beside the weights, as tensors on the CPU."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where `state` was taken."""


class TorchOptimizer:
    """Steps by an optimizer of torch's kind.

    Parameters
    ----------
    weights
        What the optimizer was made for, in the order of the gradients.
    optimizer
        The rate of all its groups is that of each step, whatever it was made with.

    Examples
    --------
    >>> weight = torch.zeros(2)
    >>> optimizer = TorchOptimizer([weight], torch.optim.SGD([weight], momentum=0.9))
    >>> optimizer.step([torch.tensor([1.0, -3.0])], learning_rate=0.5)
    >>> weight
    tensor([-0.5000,  1.5000])
    """

    def __init__(self, weights: Sequence[Tensor], optimizer: torch.optim.Optimizer) -> None:
        self._weights = weights
        self._optimizer = optimizer

    def step(self, gradients: Sequence[Tensor | None], *, learning_rate: float) -> None:
        """See `Optimizer.step`."""
        for weight, gradient in zip(self._weights, gradients, strict=True):
            weight.grad = None if gradient is None else laid_out_as(weight, gradient)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        try:
            self._optimizer.step()
        except torch.linalg.LinAlgError as error:
            raise FloatingPointError(
                f"the fit diverged ({error}); lower learning_rate or bring the columns of X to a "
                "common scale."
            ) from error
        for weight in self._weights:
            weight.grad = None

    def state(self) -> dict[str, Tensor]:
        """See `Optimizer.state`: its state dict, whose structure is JSON in a tensor of bytes.

        Raises
        ------
        InputError
            If the state has what JSON cannot hold.
        """
        tensors: list[Tensor] = []
        structure = _packed(self._optimizer.state_dict(), tensors)
        try:
            written = json.dumps([self._name, self._options(), structure]).encode()
        except TypeError as error:
            raise InputError(
                f"the state of {self._name} cannot be kept in a checkpoint ({error}); fit without "
                "one, or with another optimizer."
            ) from None
        return {str(number): tensor for number, tensor in enumerate(tensors)} | {
            _STRUCTURE: torch.frombuffer(bytearray(written), dtype=torch.uint8)
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Optimizer.load_state`.

        Raises
        ------
        InputError
            If the state is of another optimizer, or of one with other options.
        """
        name, options, structure = json.loads(bytes(state[_STRUCTURE].tolist()))
        mine = json.loads(json.dumps(self._options()))
        if (name, options) != (self._name, mine):
            raise InputError(
                f"the checkpoint is of a fit by {name} with {options}, this one is by "
                f"{self._name} with {mine}; give the same optimizer, or another path."
            )
        found = _unpacked(structure, state)
        self._optimizer.load_state_dict(found)
        # What torch has cast to the weights' type goes on as it was.
        weights = [weight for group in self._optimizer.param_groups for weight in group["params"]]
        for number, kept in found["state"].items():
            live = self._optimizer.state[weights[number]]
            for part, value in kept.items():
                if isinstance(value, Tensor) and value.dtype != live[part].dtype:
                    live[part] = value.to(live[part].device)

    @property
    def _name(self) -> str:
        return f"{type(self._optimizer).__module__}.{type(self._optimizer).__qualname__}"

    def _options(self) -> list[Any]:
        """What each group was made with, but for the rate."""
        # Not all of them: loading a state adds to the defaults what no group has.
        names = sorted(self._optimizer.defaults.keys() - {"lr"})
        groups = self._optimizer.param_groups
        return [
            _packed({name: group[name] for name in names if name in group}, []) for group in groups
        ]


def soap(weights: Iterable[Tensor]) -> torch.optim.Optimizer:
    """SOAP: Adam in the eigenbases of Shampoo's preconditioner (Vyas et al. 2025, algorithm 3).

    For a matrix W (m, n) with gradient G and Q_L, Q_R the eigenvectors of the running means of
    G Gᵀ and Gᵀ G,

        W ← W − η Q_L N(Q_Lᵀ G Q_R) Q_Rᵀ,

    where N is Adam's step; vectors take Adam's own. Here β = (0.9, 0.999) as Adam has them, nothing
    decays, the bases are renewed every 50 steps by one orthogonal iteration, and a side above 512
    keeps its coordinates, as MNIST's pixels do. Kernels of convolutions have a basis for each of
    their four sides. The first step only looks at the gradient, and renewed bases are rounded to
    single precision.
    """
    # Loads more than a hundred optimizers, which takes as long as a small fit.
    from pytorch_optimizer import SOAP

    made: torch.optim.Optimizer = SOAP(
        weights,
        betas=(0.9, 0.999),
        weight_decay=0.0,
        precondition_frequency=50,
        max_precondition_dim=512,
    )
    return made


OPTIMIZERS: dict[str, Callable[[Mapping[str, Tensor]], Optimizer]] = {
    "adam": Adam,
    "soap": lambda parameters: _by_torch(parameters, soap),
}
"""By name, from weights by name: "adam" (Kingma and Ba 2015), and "soap", as `soap` has it, which
takes fewer and dearer steps to the same loss."""


def make_optimizer(setting: OptimizerSetting, parameters: Mapping[str, Tensor]) -> Optimizer:
    """The optimizer of these weights, which it changes in place.

    Raises
    ------
    InputError
        If a function gives anything but an optimizer of torch's kind and of these weights, or one
        that must compute the loss itself.
    """
    if callable(setting):
        return _by_torch(parameters, setting)
    return OPTIMIZERS[setting](parameters)


def check_optimizer(setting: object) -> None:
    """Check that it is a name of `OPTIMIZERS` or a function.

    Raises
    ------
    InputError
        If it is neither.
    """
    if not callable(setting) and not (isinstance(setting, str) and setting in OPTIMIZERS):
        raise InputError(
            f"optimizer must be one of {', '.join(map(repr, OPTIMIZERS))} or a function from the "
            f"weights to a torch.optim.Optimizer, got {setting!r}."
        )


def _by_torch(
    parameters: Mapping[str, Tensor], make: Callable[[Iterable[Tensor]], Any]
) -> TorchOptimizer:
    weights = list(parameters.values())
    made = make(weights)
    if not isinstance(made, torch.optim.Optimizer):
        raise InputError(
            f"the function given as optimizer must return a torch.optim.Optimizer, got {made!r}."
        )
    held = {id(weight) for group in made.param_groups for weight in group["params"]}
    if held != {id(weight) for weight in weights}:
        raise InputError(
            f"the function given as optimizer made a {type(made).__name__} of other weights than "
            "those that it was given; pass them on as they are."
        )
    closure = signature(made.step).parameters.get("closure")
    if closure is not None and closure.default is Parameter.empty:
        raise InputError(
            f"{type(made).__name__} computes the loss several times a step, which a minibatch with "
            "new noise does not allow; give an optimizer that takes one gradient."
        )
    return TorchOptimizer(weights, made)


_STRUCTURE, _TENSOR, _STRIDE, _ITEMS = "structure", "tensor", "stride", "items"


def _packed(value: Any, tensors: list[Tensor]) -> Any:
    """For JSON: tensors are numbered and go to `tensors`, dicts become lists of their items."""
    if isinstance(value, Tensor):
        kept = value.detach().cpu().clone()
        tensors.append(kept.contiguous())
        # Products of another layout round otherwise.
        return {_TENSOR: str(len(tensors) - 1), _STRIDE: list(kept.stride())}
    if isinstance(value, Mapping):
        return {_ITEMS: [[key, _packed(inner, tensors)] for key, inner in value.items()]}
    if isinstance(value, list | tuple):
        return [_packed(inner, tensors) for inner in value]
    return value


def _unpacked(packed: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What was packed; a tuple comes back as a list."""
    if isinstance(packed, list):
        return [_unpacked(inner, tensors) for inner in packed]
    if not isinstance(packed, dict):
        return packed
    if _TENSOR in packed:
        stored = tensors[packed[_TENSOR]]
        laid_out = torch.empty_strided(stored.shape, packed[_STRIDE], dtype=stored.dtype)
        return laid_out.copy_(stored)
    return {key: _unpacked(inner, tensors) for key, inner in packed[_ITEMS]}
