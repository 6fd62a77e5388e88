"""The bound on EM's speed by the machine's rate of matrix products, measured here and now.

With T(x) = [vech(xxᵀ), x, 1] of length M the E-step's log densities are one product of Θ (K × M)
with T (M × N), and the M-step's statistics one of R (K × N) with Tᵀ. Together they are

    4 N M K

operations (a multiplication and an addition each), and an iteration cannot take less than that
over the rate at which the machine multiplies matrices of these shapes. Exponentials, T itself and
everything else come on top.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from suite.errors import InputError

_LENGTHS: dict[str, Callable[[int], int]] = {
    "full": lambda D: D * (D + 1) // 2 + D + 1,
    "tied": lambda D: D + 1,
    "diag": lambda D: 2 * D + 1,
    "spherical": lambda D: D + 2,
    "tied_diag": lambda D: D + 1,
    "tied_spherical": lambda D: D + 1,
}
_CHUNKS = (1024, 4096, 16384)
_SQUARE = 1024
_LEAST_SECONDS = 0.02
_REPEATS = 3


@dataclass(frozen=True)
class Products:
    """How fast the matrix products of one EM iteration can be.

    Parameters
    ----------
    seconds
        4 N M K / rate.
    rate
        Operations a second of the two products of one chunk, at the best of several chunk lengths.
    square_rate
        Operations a second of a large square product: the most that torch makes of the machine.
    """

    seconds: float
    rate: float
    square_rate: float


def statistics_length(n_features: int, covariance_type: str) -> int:
    """M, the length of a row's statistics T(x).

    A covariance that all components share needs no squares: xᵀΛx is the same for all of them and
    leaves the responsibilities as they are.

    Raises
    ------
    InputError
        If there is no such covariance type.

    Examples
    --------
    >>> statistics_length(8, "full"), statistics_length(8, "diag"), statistics_length(8, "tied")
    (45, 17, 9)
    """
    if covariance_type not in _LENGTHS:
        raise InputError(
            f"covariance_type must be one of {', '.join(_LENGTHS)}, got {covariance_type!r}."
        )
    return _LENGTHS[covariance_type](n_features)


def measure_products(
    n_rows: int,
    n_features: int,
    n_components: int,
    *,
    covariance_type: str,
    dtype: torch.dtype = torch.float64,
) -> Products:
    """Time the products of one EM iteration on this process's threads.

    Parameters
    ----------
    n_rows, n_features, n_components
        N, D, K.
    covariance_type
        Decides M.
    dtype
        What is multiplied.
    """
    M = statistics_length(n_features, covariance_type)
    rate = max(_chunk_rate(min(chunk, n_rows), M, n_components, dtype) for chunk in _CHUNKS)
    square = torch.ones(_SQUARE, _SQUARE, dtype=dtype)
    result = torch.empty_like(square)
    square_seconds = _fastest(lambda: torch.matmul(square, square, out=result))
    operations = 4 * n_rows * M * n_components
    return Products(operations / rate, rate, 2 * _SQUARE**3 / square_seconds)


def _chunk_rate(n: int, M: int, K: int, dtype: torch.dtype) -> float:
    theta, statistics = torch.ones(K, M, dtype=dtype), torch.ones(M, n, dtype=dtype)
    posterior, sums = torch.empty(K, n, dtype=dtype), torch.empty(K, M, dtype=dtype)

    def pair() -> Tensor:
        torch.matmul(theta, statistics, out=posterior)
        return torch.matmul(posterior, statistics.T, out=sums)

    return 4 * n * M * K / _fastest(pair)


def _fastest(work: Callable[[], Tensor]) -> float:
    """Seconds of one call, the fastest of several runs that are each long enough to be timed."""
    work()
    best = float("inf")
    for _ in range(_REPEATS):
        calls, began = 0, perf_counter()
        while (elapsed := perf_counter() - began) < _LEAST_SECONDS or calls == 0:
            work()
            calls += 1
        best = min(best, elapsed / calls)
    return best
