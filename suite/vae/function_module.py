"""A function that uses networks, as torch.jit and torch.func want to have it: as a module."""

from collections.abc import Callable

from torch import Tensor, nn


class FunctionModule(nn.Module):
    """`function` of tensors, with the weights of the `networks` that it uses for its own.

    Examples
    --------
    >>> import torch
    >>> affine = nn.Linear(2, 1)
    >>> module = FunctionModule(affine, lambda x: affine(x).sum())
    >>> [name for name, _ in module.named_parameters()], module(torch.ones(3, 2)).shape
    (['networks.weight', 'networks.bias'], torch.Size([]))
    """

    def __init__(self, networks: nn.Module, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.networks = networks
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the function makes of `inputs`."""
        return self.function(*inputs)
