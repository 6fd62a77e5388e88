"""Where an ascent gets its rows from: an array, a memory map, or chunks that are made on demand."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from suite.errors import InputError

Block = tuple[np.ndarray, np.ndarray | None]
"""Some rows, shape (n, D), and their weights, shape (n,), or None where all weigh one."""


class Rows(ABC):
    """The rows of a data set, block by block, as often as asked for."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """D."""

    @abstractmethod
    def blocks(self, size: int) -> Iterator[Block]:
        """All rows in order, in blocks of at most `size` rows."""

    def split(self, n_parts: int) -> "list[Rows]":
        """At most so many parts that can be gone through side by side; one unless overridden."""
        return [self]

    def batches(self, size: int, random: np.random.RandomState) -> "Iterator[ArrayRows]":
        """All rows once, in batches of at most `size`; in their own order unless overridden."""
        for X, weights in self.blocks(size):
            yield ArrayRows(X, weights)


@dataclass(frozen=True, eq=False)
class ArrayRows(Rows):
    """The rows of one array or memory map; a block is a view, so that nothing is copied.

    Parameters
    ----------
    X
        (N, D)
    weights
        (N,), not negative; None: every row weighs one.
    """

    X: np.ndarray
    weights: np.ndarray | None = None

    @property
    def n_features(self) -> int:
        """D."""
        return int(self.X.shape[1])

    def blocks(self, size: int) -> Iterator[Block]:
        """Views of the array."""
        for begin in range(0, len(self.X), size):
            part = slice(begin, begin + size)
            yield self.X[part], None if self.weights is None else self.weights[part]

    def split(self, n_parts: int) -> list[Rows]:
        """Equal parts, one after the other; views of the array."""
        ends = [len(self.X) * i // n_parts for i in range(n_parts + 1)]
        return [
            ArrayRows(self.X[a:b], None if self.weights is None else self.weights[a:b])
            for a, b in pairwise(ends)
        ]

    def batches(self, size: int, random: np.random.RandomState) -> "Iterator[ArrayRows]":
        """All rows once, in batches of `size` in random order."""
        order = random.permutation(len(self.X))
        for begin in range(0, len(order), size):
            part = np.sort(order[begin : begin + size])  # a memory map is read forwards
            yield ArrayRows(self.X[part], None if self.weights is None else self.weights[part])


@dataclass(frozen=True, eq=False)
class ChunkedRows(Rows):
    """Rows that come in chunks from an iterable which can be gone through again and again.

    Parameters
    ----------
    chunks
        Arrays of shape (n_i, D), the same every time: a list of arrays or of memory maps, or any
        object whose `__iter__` begins anew (reading files, say). No generator: that ends after one
        pass, and EM makes one pass an iteration.

    Raises
    ------
    InputError
        If it is a one-pass iterator, is empty, or a chunk has another shape or is not finite.
    """

    chunks: Iterable[ArrayLike]

    def __post_init__(self) -> None:
        if iter(self.chunks) is self.chunks:
            raise InputError(
                "expected chunks that can be read more than once, got a generator or another "
                "one-pass iterator; give a list, or an object whose __iter__ begins anew."
            )
        if not any(True for _ in self.chunks):
            raise InputError("expected at least one chunk of rows, got none.")

    @property
    def n_features(self) -> int:
        """D, that of the first chunk."""
        return int(np.shape(next(iter(self.chunks)))[-1])

    def blocks(self, size: int) -> Iterator[Block]:
        """Views of the chunks, each checked for its shape."""
        n_features = None
        for number, chunk in enumerate(self.chunks):
            X = np.asarray(chunk)
            _check_chunk(X, number, n_features)
            n_features = X.shape[1]
            for begin in range(0, len(X), size):
                yield X[begin : begin + size], None


def thinned(rows: Rows, limit: int) -> np.ndarray:
    """Rows at equal distances through the whole data: all if there are at most `limit`, else half
    as many or more; for a start. One pass, and never more than twice `limit` rows at once.
    """
    kept: list[np.ndarray] = []
    every, seen, n_kept = 1, 0, 0
    for X, _ in rows.blocks(limit):
        part = np.array(X[(-seen) % every :: every], dtype=np.float64)
        kept.append(part)
        seen += len(X)
        n_kept += len(part)
        while n_kept > limit:
            kept = [np.concatenate(kept)[::2]]
            every, n_kept = 2 * every, len(kept[0])
    return np.concatenate(kept)


def _check_chunk(X: np.ndarray, number: int, n_features: int | None) -> None:
    if X.ndim != 2 or X.shape[1] != (n_features or X.shape[1]) or X.dtype.kind not in "fiu":
        raise InputError(
            f"expected chunks of numbers of shape (n, {n_features or 'D'}), got one of shape "
            f"{X.shape} and type {X.dtype} (chunk {number})."
        )
