"""A user's own file: CSV, TSV, Parquet, .npy or .npz."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from suite.data.arrays import read_npy, read_npz
from suite.data.bits import with_bits
from suite.data.checks import listing
from suite.data.dataset import Dataset
from suite.data.frames import read_delimited, read_parquet
from suite.data.splitting import limited
from suite.data.tables import Table, split_table
from suite.errors import InputError
from suite.random import RandomState

_Found = TypeVar("_Found", Table, Dataset)

_READERS: dict[str, Callable[[Path, str | None], Table | Dataset]] = {
    ".csv": lambda path, label: read_delimited(path, ",", label),
    ".tsv": lambda path, label: read_delimited(path, "\t", label),
    ".parquet": read_parquet,
    ".npy": read_npy,
    ".npz": read_npz,
}


def load_file(
    path: str | Path,
    *,
    label: str | None = None,
    test_size: float = 0.25,
    random_state: RandomState = 0,
    drop_constant: bool = False,
    bits: str | None = None,
    limit: int | None = None,
) -> Dataset:
    """A user's own data, from a file whose ending says what it is.

    ==========  ============================================================================
    .csv .tsv   text in UTF-8; the first line names the columns, unless it is all numbers
    .parquet    named columns
    .npy        one array: rows and columns (N, D), or images (N, height, width), which are of
                type uint8 or have values from 0 to 1; never unpickled
    .npz        X, and y for the labels; or train, test, train_labels and test_labels, for data
                that has a split of its own (`test_size` is then not used); never unpickled
    ==========  ============================================================================

    Parameters
    ----------
    path
        The file.
    label
        The column (in an .npz: the key) that holds the classes; it is not among the features.
    test_size, random_state, drop_constant, bits, limit
        As in `suite.data.load`.

    Raises
    ------
    InputError
        If the file is missing, is of another kind or damaged, has fewer than two rows, or holds
        text, missing values or infinities.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"expected a file, but {str(path)!r} is a folder; name a file in it.")
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(
            f"expected a file ending in {', '.join(_READERS)}, got {path.name!r}; "
            "save it as one of these."
        )
    if not path.is_file():
        raise InputError(_missing(path))
    found = read(path, label)
    if isinstance(found, Table):
        dataset = split_table(
            _signed(found, path),
            test_size=test_size,
            random_state=random_state,
            drop_constant=drop_constant,
        )
    elif drop_constant:
        raise InputError(
            f"drop_constant works on one table, and {path.name} has train and test; "
            "drop the columns before saving it."
        )
    else:
        dataset = _signed(found, path)
    return limited(with_bits(dataset, bits), limit)


def _signed(found: _Found, path: Path) -> _Found:
    """`found` with the file's name as its source; the folder stays out of reports."""
    called = f"the file {path.name}"
    return replace(found, source=called, licence="its owner's", origin="file", origin_detail=called)


def _missing(path: Path) -> str:
    folder = path.parent.absolute()
    if not folder.is_dir():
        return f"expected the file {path.name!r}, but there is no folder {str(folder)!r}."
    names = [entry.name for entry in folder.iterdir() if entry.suffix.lower() in _READERS]
    close = difflib.get_close_matches(path.name, names)
    hint = f"did you mean {listing(close)}?" if close else "check the name."
    return f"expected the file {path.name!r}, but it is not in the folder {str(folder)!r}; {hint}"
