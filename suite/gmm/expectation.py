"""One pass over the rows: E-step and the M-step's sums, block by block, without an N × K table."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from suite.gmm.coordinates import Coordinates
from suite.gmm.moments import MOMENTS, Moments
from suite.gmm.rows import Rows

_WORKING_BYTES = 8e6  # of one block's features and responsibilities: within the caches
_KEPT_FEATURES_BYTES = 3.2e7  # below, T is computed once and kept
_KEPT_ROWS_BYTES = 6.4e7  # below, y is
_LEAST_EXPONENT = {8: -650.0, 4: -80.0}  # by size of number: denormal numbers are slow
_SMALL = 10_000  # numbers in a table

Shape = tuple[int, ...]


class FeatureBlocks:
    """T(y) = [quadratic terms, y, 1] of all rows, shape (M, n) a block, as often as asked for.

    The whole of T is kept if it is small; else y is, if that is; else both are made anew each time.
    So beside the data there are never more than some hundred megabytes. A block that is made anew
    overwrites the one before.

    Parameters
    ----------
    rows, coordinates, moments
        The data, and what T is of them.
    n_columns
        J, how many components there will be, which decides the size of a block.
    dtype, device
        Of T.
    """

    def __init__(
        self,
        rows: Rows,
        coordinates: Coordinates,
        moments: Moments,
        *,
        n_columns: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._rows, self._coordinates, self._moments = rows, coordinates, moments
        self.n_features = coordinates.n_features
        self.n_quadratic = moments.n_quadratic(self.n_features)
        self.dtype, self.device = dtype, device
        self.log_volume = coordinates.log_volume
        n_terms = self.n_quadratic + self.n_features + 1
        self._size = _block_size((n_terms + 2 * n_columns) * dtype.itemsize, coordinates.n_rows)
        self.table = torch.empty(n_columns, self._size, dtype=dtype, device=device)
        self._shape = (n_terms, self._size)
        self._basis = torch.from_numpy(np.array(coordinates.basis)).to(device, dtype)
        bytes_per_term = coordinates.n_rows * dtype.itemsize
        self._keeps_features = n_terms * bytes_per_term <= _KEPT_FEATURES_BYTES
        self._keeps_rows = self.n_features * bytes_per_term <= _KEPT_ROWS_BYTES
        self._kept: list[tuple[Tensor, Tensor | None]] | None = None

    @property
    def scatter(self) -> np.ndarray:
        """Σ_n w_n y_n y_nᵀ, (D, D)."""
        return self._coordinates.scatter

    @property
    def total_weight(self) -> float:
        """Σ_n w_n."""
        return self._coordinates.total_weight

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """T, (M, n), and the rows' weights, (n,) or None, of every block."""
        if self._keeps_features:
            if self._kept is None:
                self._kept = [self._features(y, w, self._empty()) for y, w in self._made()]
            yield from self._kept
            return
        buffer = self._empty()
        for y, weights in self._linear():
            yield self._features(y, weights, buffer)

    def _linear(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        if not self._keeps_rows:
            yield from self._made()
            return
        if self._kept is None:
            self._kept = [(y.clone(), w) for y, w in self._made()]
        yield from self._kept

    def _made(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """y = Bᵀ(x − c), (D, n): centred in the data's own precision, before anything is lost."""
        centre, dtype = self._coordinates.centre, _numpy_dtype(self.dtype)
        for X, weights in self._rows.blocks(self._size):
            centred = torch.from_numpy((X - centre).astype(dtype, copy=False)).to(self.device)
            y = self._basis.T @ centred.T if self._basis.dim() == 2 else (centred * self._basis).T
            yield y, None if weights is None else torch.tensor(weights).to(self.device, self.dtype)

    def _features(
        self, y: Tensor, weights: Tensor | None, buffer: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        T = buffer[:, : y.shape[1]]
        linear = T[self.n_quadratic : -1]
        linear.copy_(y)
        self._moments.fill(T[: self.n_quadratic], linear)
        return T, weights

    def _empty(self) -> Tensor:
        buffer = torch.empty(self._shape, dtype=self.dtype, device=self.device)
        buffer[-1] = 1.0
        return buffer


def expect(
    blocks: FeatureBlocks, thetas: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The E-step at Θ, and the sums that the M-step needs.

    Parameters
    ----------
    blocks
        The rows.
    thetas
        Θ of groups of mixtures, each of shape (S, K, M); S and K may differ from group to group.

    Returns
    -------
    For each group

    sums
        S = Σ_n w_n r_n T(y_n)ᵀ, shape (S, K, M).
    log_likelihoods
        Σ_n w_n log Σ_k exp(Θ_k · T(y_n)), shape (S,).
    """
    shapes = [theta.shape for theta in thetas]
    columns = np.concatenate([theta.reshape(-1, theta.shape[-1]) for theta in thetas])
    sums, totals = np.zeros(columns.shape), [np.zeros(shape[0]) for shape in shapes]
    on_device = torch.from_numpy(columns).to(blocks.device, blocks.dtype)
    for T, weights in blocks:
        if len(columns) * T.shape[1] <= _SMALL and blocks.device.type == "cpu":
            part, found = _small_block(T, weights, columns, shapes)
        else:
            part, found = _block(T, weights, on_device, shapes, blocks.table)
        sums += part
        for total, more in zip(totals, found, strict=True):
            total += more
    ends = np.cumsum([shape[0] * shape[1] for shape in shapes])[:-1]
    parts = zip(np.split(sums, ends), shapes, strict=True)
    return list(zip((part.reshape(shape) for part, shape in parts), totals, strict=True))


def label_sums(
    rows: Rows, labels: np.ndarray, n_components: int, coordinates: Coordinates
) -> np.ndarray:
    """The sums S of an M-step, shape (1, K, M), where each row belongs to one component.

    Parameters
    ----------
    rows
        (N, D)
    labels
        (N,), integers below K.
    n_components
        K.
    coordinates
        What T is computed in.
    """
    blocks = FeatureBlocks(
        rows,
        coordinates,
        MOMENTS[coordinates.covariance_type],
        n_columns=n_components,
        dtype=torch.float64,
        device=torch.device("cpu"),
    )
    sums: Tensor | float = 0.0
    begin = 0
    for T, weights in blocks:
        own = torch.from_numpy(labels[begin : begin + T.shape[1]].astype(np.int64))
        begin += T.shape[1]
        member = torch.nn.functional.one_hot(own, n_components).T.to(T.dtype)
        sums = sums + (member if weights is None else member * weights) @ T.T
    assert isinstance(sums, Tensor)
    return sums.numpy()[np.newaxis]


def _block(
    T: Tensor, weights: Tensor | None, columns: Tensor, shapes: Sequence[Shape], table: Tensor
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One block's sums, (J, M), and weighted log-likelihoods, (S,) for each group."""
    table = torch.mm(columns, T, out=table[: len(columns), : T.shape[1]])
    rows = table.split([shape[0] * shape[1] for shape in shapes])
    totals = [
        _softmax(joint.unflatten(0, shape[:2]), weights)
        for joint, shape in zip(rows, shapes, strict=True)
    ]
    return (table @ T.T).cpu().numpy(), totals


def _softmax(joint: Tensor, weights: Tensor | None) -> np.ndarray:
    """Turn log-joints, (S, K, n), into weighted responsibilities in place; Σ_n w_n log p(x_n)."""
    peak = joint.amax(1, keepdim=True)
    mass = joint.sub_(peak).clamp_(min=_LEAST_EXPONENT[joint.itemsize]).exp_().sum(1, keepdim=True)
    log_prob = mass.log().add_(peak)
    if weights is None:
        joint.mul_(mass.reciprocal_())
    else:
        log_prob.mul_(weights)
        joint.mul_(weights / mass)
    total: np.ndarray = log_prob.sum((1, 2)).double().cpu().numpy()
    return total


def _small_block(
    T: Tensor, weights: Tensor | None, columns: np.ndarray, shapes: Sequence[Shape]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The same in NumPy, whose calls take less time to begin: all that counts on a small table."""
    features = T.numpy()
    table = columns.astype(features.dtype, copy=False) @ features
    row_weights = None if weights is None else weights.numpy()
    totals, begin = [], 0
    for shape in shapes:
        end = begin + shape[0] * shape[1]
        totals.append(_small_softmax(table[begin:end].reshape(*shape[:2], -1), row_weights))
        begin = end
    return table @ features.T, totals


def _small_softmax(joint: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    peak = joint.max(1, keepdims=True)
    joint -= peak
    np.maximum(joint, _LEAST_EXPONENT[joint.itemsize], out=joint)
    np.exp(joint, out=joint)
    mass = joint.sum(1, keepdims=True)
    log_prob = np.log(mass) + peak
    if weights is None:
        joint /= mass
    else:
        log_prob *= weights
        joint *= weights / mass
    total: np.ndarray = log_prob.sum((1, 2), dtype=np.float64)
    return total


def _block_size(bytes_per_row: float, n_rows: int) -> int:
    if n_rows * bytes_per_row <= _WORKING_BYTES:
        return n_rows
    return max(512, 1 << int(np.log2(_WORKING_BYTES / bytes_per_row)))


def _numpy_dtype(dtype: torch.dtype) -> np.dtype:
    return np.dtype(np.float32 if dtype == torch.float32 else np.float64)
