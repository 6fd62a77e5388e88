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
    """`X` as a finite array of shape (N, D): float32 if it came so, else float64.

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
            estimator, X, dtype=[np.float64, np.float32], ensure_all_finite=False, **options
        )
    except ValueError as error:
        raise InputError(_one_line(str(error))) from None
    _check_finite(rows)
    return rows


def check_enough_rows(X: np.ndarray, n_components: int, weights: np.ndarray | None = None) -> None:
    """InputError unless there is a row, of some weight, for every component."""
    n_samples = len(X) if weights is None else np.count_nonzero(weights)
    if n_samples < n_components:
        weighted = "" if weights is None else " of weight above zero"
        raise InputError(
            f"Expected n_samples >= n_components but got n_components = {n_components}, "
            f"n_samples = {n_samples}{weighted}; give more rows or ask for fewer components."
        )


def check_sample_weight(sample_weight: ArrayLike | None, n_samples: int) -> np.ndarray | None:
    """The weights of the rows, scaled so that their mean is one: only their ratios matter.

    Parameters
    ----------
    sample_weight
        (N,), finite, not negative, not all zero; or None, which weighs all rows the same.
    n_samples
        N.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> check_sample_weight([1, 3], 2).tolist()
    [0.5, 1.5]
    """
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("sample_weight must hold numbers, one for each row of X.") from None
    if weights.shape != (n_samples,):
        raise InputError(
            f"sample_weight must have shape ({n_samples},), one weight for each row of X, got "
            f"{weights.shape}."
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise InputError(
            f"sample_weight must be finite and not negative, got values from {weights.min()} to "
            f"{weights.max()}."
        )
    if not weights.any():
        raise InputError("sample_weight must not be zero in every row; leave it out instead.")
    weights = weights / weights.max()  # so that no sum overflows
    return weights / weights.mean()


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
    if np.isfinite(rows.sum()):  # a table of flags would take an eighth of the data's memory
        return
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
