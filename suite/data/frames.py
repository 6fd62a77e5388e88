"""A user's own table of named columns: CSV, TSV and Parquet."""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from suite.data.checks import check_table, encode_labels, listing
from suite.data.tables import Table
from suite.errors import InputError

_SEPARATOR_NAMES = {",": "commas", "\t": "tabs"}


def read_delimited(path: Path, separator: str, label: str | None) -> Table:
    """A table from text in UTF-8 whose fields are parted by `separator`.

    The first line names the columns, unless every field in it is a number; then the columns are
    called "column 1", "column 2", … and a note says so.

    Raises
    ------
    InputError
        If the file is no such table, or a column other than `label` is not all finite numbers.
    """
    try:
        _check_separator(path, separator)
        has_header = not _is_numbers(_parse(path, separator, header=None, n_rows=1))
        frame = _parse(path, separator, header=0 if has_header else None)
    except pd.errors.EmptyDataError:
        raise InputError(f"expected a table, but {path.name} is empty; give more data.") from None
    except UnicodeDecodeError:
        raise InputError(f"expected text in UTF-8, but {path.name} is not; save it so.") from None
    except pd.errors.ParserWarning:
        raise InputError(
            f"expected as many names in the first line of {path.name} as there are columns, "
            "but there are fewer; name every column."
        ) from None
    except pd.errors.ParserError as error:
        what = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(
            f"{path.name} cannot be read as a table ({what}); mend that line."
        ) from None
    if has_header:
        _check_header(frame, path, separator)
        return _from_frame(frame, path, label)
    frame.columns = pd.Index([f"column {i + 1}" for i in range(frame.shape[1])])
    return _from_frame(frame, path, label, ("no header line, so columns are numbered from 1",))


def read_parquet(path: Path, label: str | None) -> Table:
    """A table from a Parquet file.

    Raises
    ------
    InputError
        If the file is not Parquet, or a column other than `label` is not all finite numbers.
    """
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet ({' '.join(str(error).split())[:120]}); "
            "save it again."
        ) from None
    return _from_frame(frame.rename(columns=str), path, label)


def _parse(
    path: Path, separator: str, header: int | None, n_rows: int | None = None
) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(
            path,
            sep=separator,
            header=header,
            nrows=n_rows,
            index_col=False,
            encoding="utf-8-sig",
            low_memory=False,
        )


def _is_numbers(first_line: pd.DataFrame) -> bool:
    return all(map(_holds_reals, first_line.dtypes)) and bool(first_line.notna().all(axis=None))


def _check_separator(path: Path, separator: str) -> None:
    """A wrong separator shows in the first line: it has another one and not this one."""
    with path.open(encoding="utf-8-sig") as file:
        lines = [line for _, line in zip(range(2), file, strict=False)]
    for other in ";\t,|":
        if lines and separator not in lines[0] and all(other in line for line in lines):
            raise InputError(
                f"expected fields parted by {_SEPARATOR_NAMES[separator]} in {path.name}, got "
                f"{other!r}; save it with commas as .csv or with tabs as .tsv."
            )


def _check_header(frame: pd.DataFrame, path: Path, separator: str) -> None:
    if str(frame.columns[0]).startswith("Unnamed: "):
        raise InputError(
            f"the first column of {path.name} has no name and may be row numbers; "
            "remove it or give it a name."
        )
    # pandas renames a second "a" to "a.1" without a word.
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = Counter(next(csv.reader(file, delimiter=separator)))
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise InputError(
            f"expected a name of its own for each column of {path.name}, but {listing(twice)} "
            "comes more than once; rename or remove columns."
        )


def _from_frame(
    frame: pd.DataFrame, path: Path, label: str | None, notes: tuple[str, ...] = ()
) -> Table:
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    if label is not None:
        if label not in frame.columns:
            raise InputError(
                f"expected label to name a column of {path.name}, got {label!r}; "
                f"it has {listing(frame.columns, 12)}."
            )
        labels, label_names = encode_labels(frame.pop(label).to_numpy(object), path.name)
    _check_numeric(frame, path.name)
    values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    names = tuple(map(str, frame.columns))
    check_table(values, names, path.name)
    return Table(path.stem, values, names, labels, label_names, notes=notes)


def _check_numeric(frame: pd.DataFrame, called: str) -> None:
    text = [name for name, kind in frame.dtypes.items() if not _holds_reals(kind)]
    if not text or frame.empty:
        return
    column = frame[text[0]]
    is_text = (
        pd.to_numeric(column.astype(str), errors="coerce").isna() & column.notna()
    ).to_numpy()
    row = int(is_text.argmax())
    noun = "column" if len(text) == 1 else "columns"
    raise InputError(
        f"expected numbers only, but {called} has text in {noun} {listing(text)} "
        f"({str(column.iloc[row])[:40]!r} in row {row + 1}); remove the {noun}, or name the one "
        "that holds the classes as the label."
    )


def _holds_reals(kind: np.dtype[Any] | ExtensionDtype) -> bool:
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
