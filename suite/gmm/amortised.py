"""The network of an amortised posterior over a mixture's assignments."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from suite.gmm.parameters import MixtureParameters
from suite.random import RandomState, torch_generator


class AssignmentNetwork(nn.Module):
    """logits of q(z | x): a multilayer perceptron on standardised x, tanh between its layers.

    Data are standardised by the overall mean and variance of the mixture that the fit starts
    from, m = Σ π_k μ_k and s² = Σ π_k (diag Σ_k + (μ_k − m)²). With no hidden layer the logits are
    linear in x, which is the form of the exact posterior if the components share a covariance; else
    its logits are quadratic, and the linear guide keeps a gap however long it is trained.

    Parameters
    ----------
    initial
        The start, which sets the standardisation, the sizes, and the first output bias (log π).
    hidden_dims
        Widths of the hidden layers; () for none.
    random_state
        For the weights: uniform within ±1/√(fan in), the last layer zero, so that q = π at first.
    dtype
        Of the weights.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        initial: MixtureParameters,
        hidden_dims: Sequence[int] = (),
        *,
        random_state: RandomState = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        mean = initial.weights @ initial.means
        variances = initial.full_covariances().diagonal(axis1=1, axis2=2)
        variance = initial.weights @ (variances + (initial.means - mean) ** 2)
        self.register_buffer("mean", torch.tensor(mean, dtype=dtype))
        self.register_buffer("scale", torch.tensor(variance, dtype=dtype).sqrt())
        sizes = (initial.n_features, *hidden_dims, initial.n_components)
        linears = [_empty_linear(fan_in, fan_out, dtype) for fan_in, fan_out in pairwise(sizes)]
        generator = torch_generator(random_state)
        with torch.no_grad():
            for linear in linears:
                bound = linear.in_features**-0.5
                linear.weight.uniform_(-bound, bound, generator=generator)
                linear.bias.uniform_(-bound, bound, generator=generator)
            linears[-1].weight.zero_()
            tiny = torch.finfo(dtype).tiny
            linears[-1].bias.copy_(torch.tensor(initial.weights).clamp(min=tiny).log())
        self.layers = nn.ModuleList(linears)

    def forward(self, x: Tensor) -> Tensor:
        """(N, D) to logits (N, K)."""
        hidden = (x - self.mean) / self.scale
        *inner, last = self.layers
        for layer in inner:
            hidden = torch.tanh(layer(hidden))
        logits: Tensor = last(hidden)
        return logits

    def permute(self, order: Sequence[int]) -> None:
        """Put the components in another order: the new one i is the old `order[i]`."""
        last = self.layers[-1]
        with torch.no_grad():
            for parameter in last.parameters():
                parameter.copy_(parameter[list(order)])


def _empty_linear(fan_in: int, fan_out: int, dtype: torch.dtype) -> nn.Linear:
    # torch would fill a new layer from its global generator, which is not ours to advance.
    layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out, dtype=dtype)
    assert isinstance(layer, nn.Linear)
    return layer
