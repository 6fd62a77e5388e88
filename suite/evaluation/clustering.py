"""How well predicted clusters agree with known classes."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb

from suite.errors import InputError


def adjusted_rand_index(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Agreement of two partitions, corrected for chance (Hubert and Arabie, 1985, equation 5).

        ARI = (Σ_ij C(n_ij, 2) − E) / ((Σ_i C(a_i, 2) + Σ_j C(b_j, 2)) / 2 − E)

    with n_ij the contingency table, a and b its margins, and E the product of the two marginal sums
    over C(N, 2). 1: the same partition; 0: what chance gives on average; it can be negative.

    Parameters
    ----------
    labels, predicted
        (N,) each; the names of the groups have no say. Two trivial partitions of the same kind
        agree with 1.

    Raises
    ------
    InputError
        If the two have not the same length, or are empty.

    Examples
    --------
    >>> adjusted_rand_index([0, 0, 1, 1], ["b", "b", "a", "a"])
    1.0
    """
    first, second = np.asarray(labels), np.asarray(predicted)
    if first.ndim != 1 or first.shape != second.shape or len(first) == 0:
        raise InputError(
            f"expected two label arrays of one length, got shapes {first.shape} and {second.shape}."
        )
    table = _contingency(first, second)
    pairs = comb(table, 2).sum()
    in_rows, in_columns = comb(table.sum(1), 2).sum(), comb(table.sum(0), 2).sum()
    expected = in_rows * in_columns / comb(len(first), 2) if len(first) > 1 else 0.0
    largest = (in_rows + in_columns) / 2
    return 1.0 if largest == expected else float((pairs - expected) / (largest - expected))


def _contingency(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    rows, i = np.unique(first, return_inverse=True)
    columns, j = np.unique(second, return_inverse=True)
    table = np.zeros((len(rows), len(columns)), dtype=np.int64)
    np.add.at(table, (i, j), 1)
    return table
