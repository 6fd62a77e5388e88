"""What every table must be before an estimator sees it: finite numbers, in rows and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

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


def check_size(path: Path) -> None:
    """Raise `InputError` if the file's content would not fit into the memory that is free.

    Text and compressed numbers take a few times their size once read, and again while a column of
    them is checked.
    """
    needed, free = _MEMORY_PER_BYTE * path.stat().st_size, psutil.virtual_memory().available
    if needed > free:
        raise InputError(
            f"expected a file that fits into memory, but {path.name} has "
            f"{path.stat().st_size / 1e9:.1f} GB and needs about {needed / 1e9:.1f} GB, of which "
            f"{free / 1e9:.1f} GB are free; give fewer rows."
        )


_MEMORY_PER_BYTE = 4


def encode_labels(labels: np.ndarray, called: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class names in sorted order, and each label as an int64 code into them.

    Raises
    ------
    InputError
        If a label is missing, or there are hardly two rows of a class.

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
    if len(labels) >= _ENOUGH_TO_TELL and 2 * len(names) > len(labels):
        raise InputError(
            f"expected classes as the labels of {called}, but they have {len(names):,} values in "
            f"{len(labels):,} rows; name a column that repeats its values."
        )
    return codes.astype(np.int64), tuple(map(str, names))


_ENOUGH_TO_TELL = 10
"""Rows among which labels that hardly repeat are no classes."""


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
