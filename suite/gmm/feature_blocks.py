"""T(y) = [quadratic terms of y, y, 1] of the rows, block by block."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar
from weakref import finalize

import numpy as np
import torch
from torch import Tensor

from suite.gmm.coordinates import Coordinates
from suite.gmm.moments import MOMENTS, Moments
from suite.gmm.rows import Rows
from suite.gmm.threads import one_torch_thread

_WORKING_BYTES = 8e6  # of one block's features and responsibilities: within the caches
_KEPT_FEATURES_BYTES = 3.2e7  # below, T is computed once and kept
_KEPT_ROWS_BYTES = 6.4e7  # below, y is
_SMALL = 10_000  # numbers in a table of responsibilities: below, NumPy takes less time than torch
_WORTH_A_THREAD = 2e5  # numbers in T: below, a thread takes longer to wake than to work

_CPU = torch.device("cpu")

Block = tuple[Tensor, Tensor | None]
"""T, shape (M, n), of some rows, and their weights, (n,) or None."""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Features:
    """What T is of some rows, and what it is computed with.

    Parameters
    ----------
    coordinates
        y of x; its covariance type says which quadratic terms there are.
    n_columns
        J, how many components there will be, which decides the size of a block.
    dtype, device
        Of T.
    """

    coordinates: Coordinates
    n_columns: int
    dtype: torch.dtype = torch.float64
    device: torch.device = _CPU

    @property
    def moments(self) -> Moments:
        """The covariance type's arithmetic."""
        return MOMENTS[self.coordinates.covariance_type]

    @property
    def n_quadratic(self) -> int:
        """How many quadratic terms T has."""
        return self.moments.n_quadratic(self.coordinates.n_features)

    @property
    def n_terms(self) -> int:
        """M, how many terms T has."""
        return self.n_quadratic + self.coordinates.n_features + 1


class FeatureBlocks:
    """T(y) of all rows, as often as asked for.

    The whole of T is kept if it is small; else y is, if that is; else both are made anew each time.
    So beside the data there are never more than some hundred megabytes. A block that is made anew
    overwrites the one before.

    The rows of an array are gone through in as many parts as torch has threads, each part by a
    thread of its own: its threads then meet once a pass, and not in every operation.

    Parameters
    ----------
    rows, features
        The data, and what T is of them.
    """

    def __init__(self, rows: Rows, features: Features) -> None:
        coordinates = self._coordinates = features.coordinates
        self.n_features, self.n_quadratic = coordinates.n_features, features.n_quadratic
        self.dtype, self.device = features.dtype, features.device
        self.log_volume = coordinates.log_volume
        n_parts = _n_parts(coordinates.n_rows * features.n_terms, features.device)
        self.parts = [FeaturePart(part, features) for part in rows.split(n_parts)]
        if len(self.parts) > 1:
            self._pool = ThreadPoolExecutor(len(self.parts), initializer=_alone)
            finalize(self, self._pool.shutdown, wait=False)

    @property
    def scatter(self) -> np.ndarray:
        """Σ_n w_n y_n y_nᵀ, (D, D)."""
        return self._coordinates.scatter

    @property
    def total_weight(self) -> float:
        """Σ_n w_n."""
        return self._coordinates.total_weight

    def __iter__(self) -> Iterator[Block]:
        """All blocks in order."""
        return chain.from_iterable(self.parts)

    def map(self, work: "Callable[[FeaturePart], Result]") -> list[Result]:
        """The results of the work on each part, in order, side by side."""
        if self.device.type != "cpu" or self.parts[0].is_small:
            return [work(part) for part in self.parts]
        with one_torch_thread():
            if len(self.parts) == 1:
                return [work(self.parts[0])]
            return list(self._pool.map(work, self.parts))


class FeaturePart:
    """T(y) of some of the rows, which one thread goes through.

    Parameters
    ----------
    rows
        These rows.
    features
        What T is of all rows.

    Attributes
    ----------
    is_small
        Whether a block's table of responsibilities is small enough for NumPy.
    table
        Memory for one.
    """

    def __init__(self, rows: Rows, features: Features) -> None:
        coordinates, dtype, device = features.coordinates, features.dtype, features.device
        n_terms, n_columns = features.n_terms, features.n_columns
        self._rows, self._moments = rows, features.moments
        self._n_quadratic = features.n_quadratic
        size = _block_size((n_terms + 2 * n_columns) * dtype.itemsize, coordinates.n_rows)
        self._size, self._shape = size, (n_terms, size)
        self.dtype, self.device = dtype, device
        self.is_small = n_columns * size <= _SMALL and device.type == "cpu"
        self.table = torch.empty(n_columns, size, dtype=dtype, device=device)
        self._centre = coordinates.centre
        self._basis = torch.from_numpy(np.array(coordinates.basis)).to(device, dtype)
        bytes_per_term = coordinates.n_rows * dtype.itemsize
        self._keeps_features = n_terms * bytes_per_term <= _KEPT_FEATURES_BYTES
        self._keeps_rows = coordinates.n_features * bytes_per_term <= _KEPT_ROWS_BYTES
        self._kept: list[Block] | None = None

    def __iter__(self) -> Iterator[Block]:
        """T and the rows' weights of every block."""
        if self._keeps_features:
            if self._kept is None:
                self._kept = [self._features(y, w, self._empty()) for y, w in self._made()]
            yield from self._kept
            return
        buffer = self._empty()
        for y, weights in self._linear():
            yield self._features(y, weights, buffer)

    def _linear(self) -> Iterator[Block]:
        if not self._keeps_rows:
            yield from self._made()
            return
        if self._kept is None:
            self._kept = [(y.clone(), w) for y, w in self._made()]
        yield from self._kept

    def _made(self) -> Iterator[Block]:
        """y = Bᵀ(x − c), (D, n): centred in the data's own precision, before anything is lost."""
        dtype = np.dtype(np.float32 if self.dtype == torch.float32 else np.float64)
        for X, weights in self._rows.blocks(self._size):
            centred = torch.from_numpy((X - self._centre).astype(dtype, copy=False))
            centred = centred.to(self.device)
            y = self._basis.T @ centred.T if self._basis.dim() == 2 else (centred * self._basis).T
            yield y, None if weights is None else torch.tensor(weights).to(self.device, self.dtype)

    def _features(self, y: Tensor, weights: Tensor | None, buffer: Tensor) -> Block:
        T = buffer[:, : y.shape[1]]
        linear = T[self._n_quadratic : -1]
        linear.copy_(y)
        self._moments.fill(T[: self._n_quadratic], linear)
        return T, weights

    def _empty(self) -> Tensor:
        buffer = torch.empty(self._shape, dtype=self.dtype, device=self.device)
        buffer[-1] = 1.0
        return buffer


def _n_parts(n_numbers: int, device: torch.device) -> int:
    if device.type != "cpu":
        return 1
    return max(1, min(torch.get_num_threads(), int(n_numbers / _WORTH_A_THREAD)))


def _block_size(bytes_per_row: float, n_rows: int) -> int:
    if n_rows * bytes_per_row <= _WORKING_BYTES:
        return n_rows
    return max(512, 1 << int(np.log2(_WORKING_BYTES / bytes_per_row)))


def _alone() -> None:
    torch.set_num_threads(1)
