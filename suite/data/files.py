"""A user's own data: CSV, TSV, Parquet, .npy or .npz, or a folder of images."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from suite.data.arrays import read_npy, read_npz
from suite.data.bits import with_bits
from suite.data.checks import check_size, listing
from suite.data.dataset import Dataset
from suite.data.folders import read_folder
from suite.data.frames import read_delimited, read_parquet
from suite.data.splitting import limited
from suite.data.standardising import standardised
from suite.data.tables import Table, split_table, without_constant_columns
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
    standardise: bool = False,
    bits: str | None = None,
    limit: int | None = None,
) -> Dataset:
    """A user's own data, from a file whose ending says what it is, or a folder of images.

    ==========  ============================================================================
    .csv .tsv   text in UTF-8; the first line names the columns, unless it is all numbers
    .parquet    named columns
    .npy        one array: rows and columns (N, D), or images (N, height, width), which are of
                type uint8 or have values from 0 to 1; never unpickled
    .npz        X, or images, and y for the labels; or train, test, train_labels and
                test_labels, for data that has a split of its own (`test_size` is then not
                used); never unpickled
    a folder    PNG and JPEG images of one size, by name; or folders of them, one a class
    ==========  ============================================================================

    Parameters
    ----------
    path
        The file or folder.
    label
        The column (in an .npz: the key) that holds the classes; it is not among the features.
    test_size, random_state, drop_constant, bits, limit
        As in `suite.data.load`.
    standardise
        Bring each column to mean 0 and standard deviation 1 of the training rows
        (`suite.data.standardising.standardised`).

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is of another kind or damaged, is larger than the
        memory, has fewer than two rows, or holds text, missing values or infinities.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.csv"
    ...     _ = path.write_text("x,y,kind\\n" + "1,2,a\\n3,5,a\\n8,6,b\\n7,9,b\\n" * 5)
    ...     mine = load_file(path, label="kind")
    >>> mine.train.shape, mine.test.shape, mine.feature_names, mine.label_names
    ((15, 2), (5, 2), ('x', 'y'), ('a', 'b'))
    """
    path = Path(path)
    found = _read(path, label)
    if isinstance(found, Table):
        dataset = split_table(
            _signed(found, path),
            test_size=test_size,
            random_state=random_state,
            drop_constant=drop_constant,
        )
    else:
        dataset = _signed(found, path)
        dataset = without_constant_columns(dataset) if drop_constant else dataset
    dataset = limited(with_bits(dataset, bits), limit)
    return standardised(dataset) if standardise else dataset


def _read(path: Path, label: str | None) -> Table | Dataset:
    if path.is_dir():
        return read_folder(path, label)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(
            f"expected a folder of images or a file ending in {', '.join(_READERS)}, got "
            f"{path.name!r}; save it as one of these."
        )
    if not path.is_file():
        raise InputError(_missing(path))
    try:
        check_size(path)
        return read(path, label)
    except PermissionError:
        raise InputError(
            f"expected to read {path.name}, but its permissions do not allow it; change them."
        ) from None


def _signed(found: _Found, path: Path) -> _Found:
    """`found` with the file's name as its source; the folder stays out of reports."""
    called = f"the {'folder' if path.is_dir() else 'file'} {path.resolve().name}"
    return replace(found, source=called, licence="its owner's", origin="file", origin_detail=called)


def _missing(path: Path) -> str:
    folder = path.parent.absolute()
    if not folder.is_dir():
        return f"expected the file {path.name!r}, but there is no folder {str(folder)!r}."
    names = [entry.name for entry in folder.iterdir() if entry.suffix.lower() in _READERS]
    close = difflib.get_close_matches(path.name, names)
    hint = f"did you mean {listing(close)}?" if close else "check the name."
    return f"expected the file {path.name!r}, but it is not in the folder {str(folder)!r}; {hint}"
