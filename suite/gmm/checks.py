"""Checks of what a user gives to a mixture: one sentence each, with a remedy."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from suite.errors import InputError
from suite.gmm.parameters import MixtureParameters

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def check_rows(estimator: BaseEstimator, X: ArrayLike, *, fitting: bool = False) -> np.ndarray:
    """`X` as a finite float64 array of shape (N, D).

    Parameters
    ----------
    estimator
        Takes note of the number and names of the features when `fitting`, else is compared
        with what it noted.
    X
        Array-like or data frame.
    fitting
        Whether this is training data, of which there must be at least two rows.

    Raises
    ------
    InputError
        If X holds text, NaN or infinity, is not two-dimensional, has too few rows, or has not the
        features that the estimator was fitted to.
    """
    options: dict[str, Any] = {"reset": fitting, "ensure_min_samples": 2 if fitting else 1}
    try:
        rows: np.ndarray = validate_data(
            estimator, X, dtype=np.float64, ensure_all_finite=False, **options
        )
    except ValueError as error:
        raise InputError(_one_line(str(error))) from None
    _check_finite(rows)
    return rows


def check_enough_rows(X: np.ndarray, n_components: int) -> None:
    """InputError unless there is a row for every component."""
    if len(X) < n_components:
        raise InputError(
            f"expected at least as many rows as components, got {len(X)} rows for "
            f"n_components={n_components}; give more rows or ask for fewer components."
        )


def check_start(
    initial: MixtureParameters, n_components: int, n_features: int, covariance_type: str
) -> None:
    """InputError unless `initial` is a start for such a mixture."""
    expected = (n_components, n_features, covariance_type)
    got = (initial.n_components, initial.n_features, initial.covariance_type)
    if got != expected:
        raise InputError(
            "initial must be a mixture of {} components in {} dimensions with {} covariances, "
            "got {} components in {} dimensions with {} covariances.".format(*expected, *got)
        )


def resolve_dtype(name: str, device: torch.device) -> torch.dtype:
    """The torch dtype that `name` means on `device`.

    Raises
    ------
    InputError
        If it is neither "float32" nor "float64", or the device cannot compute in it.

    Examples
    --------
    >>> resolve_dtype("float64", torch.device("cpu"))
    torch.float64
    """
    if name not in _DTYPES:
        raise InputError(f"dtype must be 'float32' or 'float64', got {name!r}.")
    if device.type == "mps" and name == "float64":
        raise InputError("device 'mps' has no float64; use dtype='float32' or device='cpu'.")
    return _DTYPES[name]


def _check_finite(rows: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        kind = "NaN" if np.isnan(rows[row, column]) else "infinity"
        raise InputError(
            f"expected finite numbers, got {kind} in row {row}, column {column} of X "
            f"({len(bad)} such values in all); remove or fill in those rows."
        )


def _one_line(message: str) -> str:
    return " ".join(message.split())
