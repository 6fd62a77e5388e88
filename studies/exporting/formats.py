"""The formats of an export, and the files that each writes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from studies.exporting.latex import latex_table
from studies.exporting.tidy import TABLES
from studies.report.loaded import StudyResults
from suite.errors import InputError

_Writer = Callable[[StudyResults, Path], list[Path]]


def export_study(results: StudyResults, folder: Path, format_: str) -> list[Path]:
    """Write one study's results in one format.

    Parameters
    ----------
    results
        What to write; every planned run is in it, however it ended.
    folder
        Where to; a file of the same name is replaced once the new one is whole.
    format_
        A name in `FORMATS`.

    Returns
    -------
    The files.

    Raises
    ------
    InputError
        If there is no such format.
    """
    if format_ not in FORMATS:
        raise InputError(f"--format: expected one of {', '.join(FORMATS)}, got {format_!r}.")
    folder.mkdir(parents=True, exist_ok=True)
    return FORMATS[format_](results, folder)


def _csv(results: StudyResults, folder: Path) -> list[Path]:
    """Numbers in the fewest digits that give them back exactly; NaN is an empty field."""
    return _tables(
        results, folder, ".csv", lambda frame, path: frame.to_csv(path, index=False, **_CSV)
    )


def _parquet(results: StudyResults, folder: Path) -> list[Path]:
    return _tables(
        results, folder, ".parquet", lambda frame, path: frame.to_parquet(path, index=False)
    )


def _latex(results: StudyResults, folder: Path) -> list[Path]:
    text = latex_table(results)
    return [_whole(folder / "scores.tex", lambda path: path.write_text(text, encoding="utf-8"))]


FORMATS: dict[str, _Writer] = {"csv": _csv, "parquet": _parquet, "latex": _latex}
"""What writes each format."""

_CSV: dict[str, Any] = {"lineterminator": "\n", "encoding": "utf-8"}


def _tables(
    results: StudyResults,
    folder: Path,
    suffix: str,
    write: Callable[[pd.DataFrame, Path], object],
) -> list[Path]:
    def one(name: str) -> Path:
        return _whole(folder / f"{name}{suffix}", lambda path: write(TABLES[name](results), path))

    return [one(name) for name in TABLES]


def _whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write beside `path` and move it there, so that a full disk leaves no half of a file."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        write(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path
