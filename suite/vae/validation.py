"""Checks of what a user gives to a VAE, each with an error that says what to do."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError

DTYPES: dict[str, torch.dtype] = {"float32": torch.float32, "float64": torch.float64}
"""The precisions that `dtype=` offers."""


def as_matrix(X: ArrayLike | torch.Tensor, *, n_features: int | None = None) -> NDArray[Any]:
    """X as a finite numeric NumPy matrix (N, D) with N ≥ 1, without a copy where possible.

    Raises
    ------
    InputError
        If it is not one, or if `n_features` is given and D differs.

    Examples
    --------
    >>> as_matrix([[0, 1], [1, 0]]).shape
    (2, 2)
    >>> as_matrix([[0.0, float("nan")]])
    Traceback (most recent call last):
    suite.errors.InputError: X must be finite, got 1 NaN or infinite value; drop or impute them.
    """
    matrix = _numeric(X)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(
            f"X must be a matrix with one row per datum, got shape {matrix.shape}; flatten images "
            "to (n, pixels) and give at least one row and one column."
        )
    if n_features is not None and matrix.shape[1] != n_features:
        raise InputError(
            f"X must have the {n_features} columns that the networks were built for, got "
            f"{matrix.shape[1]}; give data of the same kind as in fit."
        )
    bad = int(matrix.size - np.isfinite(matrix).sum())
    if bad:
        values = "value" if bad == 1 else "values"
        raise InputError(
            f"X must be finite, got {bad} NaN or infinite {values}; drop or impute them."
        )
    return matrix


def as_tensor(
    X: ArrayLike | torch.Tensor,
    *,
    dtype: torch.dtype,
    device: torch.device,
    n_features: int | None = None,
) -> torch.Tensor:
    """`as_matrix(X)` as a tensor of its own (never a view of the user's data).

    Examples
    --------
    >>> as_tensor([[0, 1]], dtype=torch.float32, device=torch.device("cpu"))
    tensor([[0., 1.]])
    """
    matrix = as_matrix(X, n_features=n_features)
    name = str(dtype).removeprefix("torch.")
    return torch.from_numpy(np.array(matrix, dtype=name, order="C")).to(device)


def check_count(name: str, value: Any, *, minimum: int = 1) -> int:
    """`value` as an int of at least `minimum`.

    Examples
    --------
    >>> check_count("latent_dim", 0)
    Traceback (most recent call last):
    suite.errors.InputError: latent_dim must be an integer of at least 1, got 0.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < minimum:
        raise InputError(f"{name} must be an integer of at least {minimum}, got {value!r}.")
    return int(value)


def check_counts(name: str, values: object) -> tuple[int, ...]:
    """`values` as a tuple of positive ints; an empty one is allowed.

    Examples
    --------
    >>> check_counts("hidden_dims", [200, 200])
    (200, 200)
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InputError(f"{name} must be a tuple of integers such as (400,), got {values!r}.")
    return tuple(check_count(f"{name}[{i}]", value) for i, value in enumerate(values))


def check_positive(name: str, value: Any) -> float:
    """`value` as a finite positive float.

    Examples
    --------
    >>> check_positive("learning_rate", -1)
    Traceback (most recent call last):
    suite.errors.InputError: learning_rate must be a positive number, got -1.
    """
    good = isinstance(value, Real) and not isinstance(value, bool)
    if not good or not 0 < float(value) < math.inf:
        raise InputError(f"{name} must be a positive number, got {value!r}.")
    return float(value)


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """`value` if it is one of `choices`.

    Examples
    --------
    >>> check_choice("dtype", "float16", ["float32", "float64"])
    Traceback (most recent call last):
    suite.errors.InputError: dtype must be 'float32' or 'float64', got 'float16'.
    """
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} must be {' or '.join(map(repr, choices))}, got {value!r}.")
    return value


def _numeric(X: ArrayLike | torch.Tensor) -> NDArray[Any]:
    if isinstance(X, torch.Tensor):
        X = X.detach().cpu()
    try:
        matrix = np.asarray(X)
        if matrix.dtype.kind == "O":
            matrix = matrix.astype(np.float64)
    except (ValueError, TypeError):
        raise InputError(
            f"X must be a matrix of numbers, got a {type(X).__name__} with other values; drop or "
            "encode columns of text, and give every row the same length."
        ) from None
    if matrix.dtype.kind not in "fiub":
        raise InputError(
            f"X must be a matrix of numbers, got values of type {matrix.dtype}; drop or encode "
            "columns of text."
        )
    return matrix
