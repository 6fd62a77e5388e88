"""What every table must be before an estimator sees it: finite numbers, in rows and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from suite.errors import InputError


def check_table(
    values: np.ndarray, columns: Sequence[str], called: str, *, least_rows: int = 2
) -> None:
    """Raise `InputError` unless `values` is a table of enough rows of finite numbers.

    Parameters
    ----------
    values
        Numbers, shape (N, D).
    columns
        D names, for the message.
    called
        What the message calls the table.
    least_rows
        How many rows are enough.
    """
    n_rows, n_columns = values.shape
    if n_columns == 0:
        raise InputError(f"expected at least one column of numbers, but {called} has none.")
    if n_rows < least_rows:
        got = f"has {n_rows}" if n_rows else "is empty"
        raise InputError(
            f"expected at least {least_rows} rows, but {called} {got}; give more data."
        )
    finite = np.isfinite(values)
    if finite.all():
        return
    row, column = np.argwhere(~finite)[0]
    n_bad = int(finite.size - np.count_nonzero(finite))
    what = "value that is" if n_bad == 1 else "values that are"
    raise InputError(
        f"expected finite numbers, but {called} has {n_bad:,} {what} missing (NaN) or infinite, "
        f"the first in row {row + 1}, column {columns[column]!r}; remove those rows or fill "
        "them in."
    )


def encode_labels(labels: np.ndarray, called: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class names in sorted order, and each label as an int64 code into them.

    Raises
    ------
    InputError
        If a label is missing.

    Examples
    --------
    >>> encode_labels(np.array(["b", "a", "b"]), "x.csv")
    (array([1, 0, 1]), ('a', 'b'))
    """
    codes, names = pd.factorize(labels, sort=True)
    missing = codes < 0
    if missing.any():
        raise InputError(
            f"expected a label in every row of {called}, but {missing.sum():,} of {len(labels):,} "
            f"are missing, the first in row {int(missing.argmax()) + 1}; fill them in or remove "
            "those rows."
        )
    return codes.astype(np.int64), tuple(map(str, names))


def listing(names: Iterable[object], limit: int = 5) -> str:
    """Names in quotes and with commas, the first few of them if there are many.

    Examples
    --------
    >>> listing(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    quoted = [repr(str(name)) for name in names]
    more = f" and {len(quoted) - limit} more" if len(quoted) > limit else ""
    return ", ".join(quoted[:limit]) + more
