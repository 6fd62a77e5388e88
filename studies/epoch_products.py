"""The bound on a VAE's speed by the machine's rate of matrix products, measured here and now.

A layer of weights (m × n) on a minibatch of B data is one product forward and, backward, one for
the gradient of its weights and one for the gradient of its input, which no layer that reads the
data themselves needs. With W weights in all layers, V of them in layers that read the data, a step
of training is

    2 B (3 W − V)

operations (a multiplication and an addition each); for one hidden layer of H units each way, D
features and J latent dimensions, W = 2 H (D + J) + H J and V = D H. An epoch cannot take less than
the time of its steps' products. Activations, the likelihood, drawing bits and noise, and Adam's
update of the weights come on top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

from suite.vae import VAENetworks
from suite.vae.networks import Decoder, Encoder

_SQUARE = 1024
_LEAST_SECONDS = 0.1
_REPEATS = 9


@dataclass(frozen=True)
class Layer:
    """The weights of one layer, and whether it reads the data themselves."""

    n_inputs: int
    n_outputs: int
    reads_data: bool

    @property
    def n_products(self) -> int:
        """Products of a step: three, or two where nothing is to be told of the input."""
        return 2 if self.reads_data else 3

    def operations(self, batch_size: int) -> int:
        """Multiplications and additions of the layer's products in a step."""
        return 2 * batch_size * self.n_inputs * self.n_outputs * self.n_products


@dataclass(frozen=True)
class EpochProducts:
    """How fast the matrix products of one epoch are.

    Parameters
    ----------
    seconds
        Of all products of an epoch, and of nothing else.
    rate
        Operations a second of these products.
    square_rate
        Operations a second of a large square product: the most that torch makes of the machine.
    """

    seconds: float
    rate: float
    square_rate: float


def layers_of(networks: VAENetworks) -> tuple[Layer, ...] | None:
    """The layers of the suite's perceptrons, in the order of their use; None for other networks."""
    encoder, decoder = networks.encoder, networks.decoder
    if not isinstance(encoder, Encoder) or not isinstance(decoder, Decoder):
        return None
    weighted = [
        m for m in networks.modules() if next(m.parameters(recurse=False), None) is not None
    ]
    if not all(isinstance(module, nn.Linear | Decoder) for module in weighted):
        return None
    trunk = _linears(encoder.trunk)
    heads = [*_linears(encoder.loc), *_linears(encoder.log_scale)]
    reading = trunk[:1] or heads
    after = [*_linears(decoder.trunk), *_linears(decoder.output)]
    return tuple(
        Layer(layer.in_features, layer.out_features, any(layer is first for first in reading))
        for layer in (*trunk, *heads, *after)
    )


def step_operations(layers: Sequence[Layer], batch_size: int) -> int:
    """2 B (3 W − V).

    Examples
    --------
    >>> reading, other = Layer(784, 400, True), Layer(400, 20, False)
    >>> step_operations([reading, other], 128) == 2 * 128 * (2 * 784 * 400 + 3 * 400 * 20)
    True
    """
    return sum(layer.operations(batch_size) for layer in layers)


def measure_epoch_products(
    layers: Sequence[Layer], n_rows: int, batch_size: int, *, dtype: torch.dtype = torch.float32
) -> EpochProducts:
    """Time the products of one epoch on this process's threads.

    The products of one step run one after another, as a step needs them, into memory that is
    there already; their time is the median over several runs that are long enough to be timed.

    Parameters
    ----------
    layers
        What `layers_of` gives.
    n_rows, batch_size
        N and B. A last minibatch that is smaller counts by its rows.
    dtype
        What is multiplied.
    """
    step = median_seconds(_step(layers, batch_size, dtype))
    square = torch.ones(_SQUARE, _SQUARE, dtype=dtype)
    result = torch.empty_like(square)
    square_step = median_seconds(lambda: torch.mm(square, square, out=result))
    operations = step_operations(layers, batch_size)
    return EpochProducts(
        seconds=step * n_rows / batch_size,
        rate=operations / step,
        square_rate=2 * _SQUARE**3 / square_step,
    )


def _linears(module: nn.Module) -> list[nn.Linear]:
    return [part for part in module.modules() if isinstance(part, nn.Linear)]


def _step(layers: Sequence[Layer], batch_size: int, dtype: torch.dtype) -> Callable[[], object]:
    """The products of one step, forward and then backward."""
    works = [_LayerProducts(layer, batch_size, dtype) for layer in layers]

    def step() -> None:
        for work in works:
            work.forward()
        for work in reversed(works):
            work.backward()

    return step


class _LayerProducts:
    """One layer's matrices and its products."""

    def __init__(self, layer: Layer, batch_size: int, dtype: torch.dtype) -> None:
        def ones(*shape: int) -> Tensor:
            return torch.ones(shape, dtype=dtype)

        self._inputs = ones(batch_size, layer.n_inputs)
        self._weights = ones(layer.n_outputs, layer.n_inputs)
        self._outputs = ones(batch_size, layer.n_outputs)
        self._slopes = ones(batch_size, layer.n_outputs)
        self._weight_slopes = torch.empty_like(self._weights)
        self._input_slopes = None if layer.reads_data else torch.empty_like(self._inputs)

    def forward(self) -> None:
        torch.mm(self._inputs, self._weights.T, out=self._outputs)

    def backward(self) -> None:
        torch.mm(self._slopes.T, self._inputs, out=self._weight_slopes)
        if self._input_slopes is not None:
            torch.mm(self._slopes, self._weights, out=self._input_slopes)


def median_seconds(work: Callable[[], object]) -> float:
    """Seconds of one call: the median over runs of many calls."""
    work()
    times = []
    for _ in range(_REPEATS):
        calls, began = 0, perf_counter()
        while (elapsed := perf_counter() - began) < _LEAST_SECONDS or calls == 0:
            work()
            calls += 1
        times.append(elapsed / calls)
    return median(times)
